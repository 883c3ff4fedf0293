/*
 * Why a generation failed at an SAE: one number on the wire (protocol.md
 * section 3.4), one name for people. Every failure of a KME, a device, the disk
 * or the exchange itself is one of these.
 */
#ifndef L2PROTO_REASON_H
#define L2PROTO_REASON_H

enum reason {
	REASON_NONE = 0,

	/* the KME, from 1 */
	REASON_KME_UNREACHABLE = 1,
	REASON_KME_TIMEOUT = 2,
	REASON_KME_TLS = 3,
	REASON_KME_IDENTITY = 4,
	REASON_KME_CONNECTION_LOST = 5,
	REASON_KME_UNAUTHORIZED = 6,
	REASON_KME_BAD_REQUEST = 7,
	REASON_KME_KEY_NOT_FOUND = 8,
	REASON_KME_UNAVAILABLE = 9,
	REASON_KME_HTTP_STATUS = 10,
	REASON_KME_BAD_REPLY = 11,
	REASON_KME_KEY_UNUSABLE = 12, /* count, length, identifier or duplicate */
	REASON_KME_OTHER = 13,

	/* the device, from 32 */
	REASON_DEVICE_UNREACHABLE = 32,
	REASON_DEVICE_HOST_KEY = 33,
	REASON_DEVICE_LOGIN = 34,
	REASON_DEVICE_PROTOCOL = 35,
	REASON_DEVICE_TIMEOUT = 36,
	REASON_DEVICE_CONNECTION_LOST = 37,
	REASON_DEVICE_LOCKED = 38,
	REASON_DEVICE_REFUSED = 39,
	REASON_DEVICE_COMMIT_FAILED = 40,
	REASON_DEVICE_NOT_CONFIGURED = 41,
	REASON_DEVICE_UNSUITABLE_KEY = 42,
	REASON_DEVICE_OTHER = 43,
	REASON_DEVICE_NOT_LIVE = 44, /* applied, but no session under it */
	REASON_DEVICE_WAITS =
		45, /* not applied: a neighbour is silent, or shows no key that we use */
	REASON_DEVICE_CLOCK = 46, /* its clock, by which keys start, is not this host's */

	REASON_DEVICE_CIPHER_SUITE = 47, /* not that of a neighbour's device */

	/* the exchange, from 64 */
	REASON_INTERRUPTED = 64,   /* restarted while the key was being fetched: it may be lost */
	REASON_NOT_READY = 65,     /* a member was not READY in time */
	REASON_CONFLICT = 66,      /* another digest for the same generation */
	REASON_DUPLICATE_SAE = 67, /* two live stations speak for one SAE */
	REASON_STATE = 68,         /* the state could not be written */
	REASON_MEMBER_FAILED = 69, /* see the member's own status */
	REASON_RESTARTED = 70,     /* the master restarted before COMMIT */
	REASON_KEY_LOST = 71,      /* committed, but the key is not held */
	REASON_MEMBER_SILENT = 72, /* a member is not live: no rotation starts */
	REASON_KEY_BUDGET = 73,    /* enc_keys per hour used up */
	REASON_NO_FREE_AN = 74,    /* every association number is in use */
	REASON_LOOP = 75,          /* a status came back to a relay that had passed it on */
	REASON_GENERATION_LIMIT = 76, /* a member claims the highest generation there can be */
	REASON_START_TOO_FAR = 77,    /* a key-chain holds a start that no rotation can have set */
};

/* A stable lower-case name with dashes, such as "kme-unavailable"; "unknown" for other numbers. */
const char *reason_name(unsigned reason);

#endif
