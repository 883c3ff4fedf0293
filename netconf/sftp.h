/*
 * SFTP, version 3 (draft-ietf-secsh-filexfer-02, which every server speaks): the
 * packets that it takes to read a small file and to replace one, without I/O.
 *
 * libssh has functions for this, but those of 0.10 wait without a deadline, cannot
 * be ended by another thread, and cannot rename a file over another one.
 *
 *     length, 4 octets | type | request ID, 4 octets | content
 */
#ifndef NETCONF_SFTP_H
#define NETCONF_SFTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netconf/octets.h"

#define SFTP_VERSION 3
#define SFTP_PREFIX_LEN 4     /* octets of the length before a packet */
#define SFTP_PACKET_MAX 34000 /* clause 3: what servers take, and send, at least */
#define SFTP_CHUNK_MAX 32768  /* octets of a file in one packet */
#define SFTP_HANDLE_MAX 256   /* clause 4 */
#define SFTP_MESSAGE_MAX 160  /* of a server's words, what is kept */

/* ---- requests; appended to out. Each returns 0, -EMSGSIZE or -ENOMEM ------------------------- */

struct sftp_handle {
	size_t len;
	uint8_t octets[SFTP_HANDLE_MAX];
};

int sftp_put_init(struct octets *out);

/* For reading; or for writing from the start, made if need be with mode 0644. */
int sftp_put_open(struct octets *out, uint32_t id, const char *path, bool writing);
int sftp_put_close(struct octets *out, uint32_t id, const struct sftp_handle *handle);
int sftp_put_read(struct octets *out, uint32_t id, const struct sftp_handle *handle,
	uint64_t offset, uint32_t len);
int sftp_put_write(struct octets *out, uint32_t id, const struct sftp_handle *handle,
	uint64_t offset, const uint8_t *bytes, uint32_t len);
int sftp_put_remove(struct octets *out, uint32_t id, const char *path);

/*
 * posix: OpenSSH's extension, which replaces what has the new name in one step.
 * Without it the new name must not be there.
 */
int sftp_put_rename(struct octets *out, uint32_t id, const char *from, const char *to, bool posix);

/* ---- replies --------------------------------------------------------------------------------- */

/* Status codes (clause 7) that are told apart here; the others are failures. */
enum sftp_status {
	SFTP_OK = 0,
	SFTP_EOF = 1,
	SFTP_NO_SUCH_FILE = 2,
	SFTP_PERMISSION_DENIED = 3,
	SFTP_FAILURE = 4,
};

enum sftp_kind { SFTP_IS_VERSION, SFTP_IS_STATUS, SFTP_IS_HANDLE, SFTP_IS_DATA };

struct sftp_reply {
	enum sftp_kind kind;
	uint32_t id;                    /* of the request; 0 of a version */
	uint32_t version;               /* of a version */
	bool posix_rename;              /* of a version: the server has it */
	uint32_t status;                /* of a status: enum sftp_status, or another code */
	char message[SFTP_MESSAGE_MAX]; /* of a status: what the server says, "" if nothing */
	struct sftp_handle handle;      /* of a handle */
	const uint8_t *data;            /* of data: within the packet */
	size_t data_len;
};

/* The length of the packet behind the prefix, or -EMSGSIZE if it is 0 or over SFTP_PACKET_MAX. */
int sftp_packet_len(const uint8_t prefix[static SFTP_PREFIX_LEN]);

/* Reads a packet, without its prefix. Returns 0, or -EBADMSG if it is no reply. */
int sftp_read_reply(const uint8_t *packet, size_t len, struct sftp_reply *reply);

/* For people: what a status says, or what its code means. */
const char *sftp_status_text(const struct sftp_reply *reply);

#endif
