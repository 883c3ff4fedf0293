/* What stands behind a struct macsec; netconf/macsec.h is the contract. */
#ifndef NETCONF_MACSEC_PRIVATE_H
#define NETCONF_MACSEC_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "netconf/macsec.h"
#include "netconf/macsec_netlink.h"

/* As "ip macsec show" writes it. */
#define MACSEC_SCI_TEXT_LEN (2 * sizeof(struct macsec_sci) + 1)

struct macsec {
	char name[MACSEC_DEVICE_NAME_LEN];
	uint32_t ifindex;
	enum macsec_suite suite;
	struct macsec_netlink route;   /* for the device */
	struct macsec_netlink generic; /* for its channels and SAs */
	uint16_t family;               /* of generic */
	bool has_plug;                 /* with which frames are held at a switch: macsec_plug.h */
	char warning[MACSEC_PROBLEM_MAX];
	char problem[MACSEC_PROBLEM_MAX];
};

/* Sets the problem, "NAME: ..."; returns error. */
int macsec_fail(struct macsec *macsec, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for what the kernel refused: "NAME: cannot DO THIS: WHY". */
int macsec_refused(struct macsec *macsec, const struct macsec_netlink *netlink, int error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * macsec_switch.c. As the device is opened: lets frames pass that were held back, and, if it is
 * wanted, sees to it that they can be, or says in the warning why not. Sets no problem.
 */
void macsec_switch_open(struct macsec *macsec, bool wanted);

/* Encodes with the active SA at that AN. */
int macsec_switch(struct macsec *macsec, const struct macsec_view *view, uint8_t an);

const char *macsec_sci_text(const struct macsec_sci *sci, char out[static MACSEC_SCI_TEXT_LEN]);

/* An interface by its name, or by its ifindex if name is NULL. Returns 0 or -errno; sets no
 * problem. */
int macsec_find_link(
	struct macsec *macsec, const char *name, uint32_t ifindex, struct macsec_link *link);

#endif
