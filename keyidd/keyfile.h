/*
 * Key files: 32 octets that an operator keeps in a file or hands over as a
 * systemd credential.
 *
 * The file holds the key as it is (32 octets), or as 64 hexadecimal digits with
 * or without a line end. Whatever is wrong with it is refused, never mended.
 */
#ifndef KEYIDD_KEYFILE_H
#define KEYIDD_KEYFILE_H

#include "common/secret.h"

#define KEYFILE_KEY_LEN 32
#define KEYFILE_ERROR_TEXT_MAX 256

/* "credential:NAME" stands for the file NAME in $CREDENTIALS_DIRECTORY, see systemd.exec(5). */
#define KEYFILE_CREDENTIAL "credential:"

/*
 * Reads the key. What is checked is the file that was opened, not its name: a
 * regular file of root or of this user that nobody else can read or write. (Of a
 * credential, group may read: so the access list that systemd gives the service
 * shows in the mode.)
 *
 * Returns 0, or -EINVAL with an empty key and one line in error that says what is
 * wrong and what to do; it names the path and nothing of the content.
 */
int keyfile_read(const char *path, struct secret *key, char error[static KEYFILE_ERROR_TEXT_MAX]);

/*
 * The same of a file of anybody's and of any mode: a key that was given away to read
 * captures with, and protects nothing any more.
 */
int keyfile_read_disclosed(
	const char *path, struct secret *key, char error[static KEYFILE_ERROR_TEXT_MAX]);

#endif
