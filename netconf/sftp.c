#include "netconf/sftp.h"

#include <errno.h>
#include <string.h>

#define POSIX_RENAME "posix-rename@openssh.com"
#define FILE_MODE                                                                                  \
	0644 /* as open() of a script gives it: whoever copies the file logs in otherwise */

/* Clause 3. */
enum {
	FXP_INIT = 1,
	FXP_VERSION = 2,
	FXP_OPEN = 3,
	FXP_CLOSE = 4,
	FXP_READ = 5,
	FXP_WRITE = 6,
	FXP_REMOVE = 13,
	FXP_RENAME = 18,
	FXP_STATUS = 101,
	FXP_HANDLE = 102,
	FXP_DATA = 103,
	FXP_EXTENDED = 200,
};

/* Clauses 5 and 6.3. */
enum { ATTR_NONE = 0, ATTR_PERMISSIONS = 0x04 };
enum { OPEN_READ = 0x01, OPEN_WRITE = 0x02, OPEN_CREATE = 0x08, OPEN_TRUNCATE = 0x10 };

/* ---- writing --------------------------------------------------------------------------------- */

/* A packet on its way: the first failure stays. */
struct writer {
	struct octets *out;
	size_t begin;
	int error;
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
	if (writer->error == 0) {
		writer->error = octets_append(writer->out, bytes, len);
	}
}

static void put_byte(struct writer *writer, uint8_t value)
{
	put(writer, &value, 1);
}

static void put_u32(struct writer *writer, uint32_t value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };

	put(writer, octets, sizeof(octets));
}

static void put_u64(struct writer *writer, uint64_t value)
{
	put_u32(writer, (uint32_t)(value >> 32));
	put_u32(writer, (uint32_t)value);
}

static void put_string(struct writer *writer, const void *bytes, size_t len)
{
	put_u32(writer, (uint32_t)len);
	put(writer, bytes, len);
}

static void put_text(struct writer *writer, const char *text)
{
	put_string(writer, text, strlen(text));
}

/* The length is written by end(). */
static struct writer begin(struct octets *out, uint8_t type, uint32_t id)
{
	struct writer writer = { out, out->len, 0 };

	put_u32(&writer, 0);
	put_byte(&writer, type);
	put_u32(&writer, id); /* of INIT: the version */
	return writer;
}

static int end(struct writer *writer)
{
	size_t len = writer->out->len - writer->begin - SFTP_PREFIX_LEN;

	if (writer->error != 0) {
		return writer->error;
	}
	for (size_t i = 0; i < SFTP_PREFIX_LEN; i++) {
		writer->out->bytes[writer->begin + i] = (uint8_t)(len >> (24 - 8 * i));
	}
	return 0;
}

int sftp_put_init(struct octets *out)
{
	struct writer writer = begin(out, FXP_INIT, SFTP_VERSION);

	return end(&writer);
}

int sftp_put_open(struct octets *out, uint32_t id, const char *path, bool writing)
{
	struct writer writer = begin(out, FXP_OPEN, id);

	put_text(&writer, path);
	put_u32(&writer, writing ? OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE : OPEN_READ);
	put_u32(&writer, writing ? ATTR_PERMISSIONS : ATTR_NONE);
	if (writing) {
		put_u32(&writer, FILE_MODE);
	}
	return end(&writer);
}

int sftp_put_close(struct octets *out, uint32_t id, const struct sftp_handle *handle)
{
	struct writer writer = begin(out, FXP_CLOSE, id);

	put_string(&writer, handle->octets, handle->len);
	return end(&writer);
}

int sftp_put_read(struct octets *out, uint32_t id, const struct sftp_handle *handle,
	uint64_t offset, uint32_t len)
{
	struct writer writer = begin(out, FXP_READ, id);

	put_string(&writer, handle->octets, handle->len);
	put_u64(&writer, offset);
	put_u32(&writer, len);
	return end(&writer);
}

int sftp_put_write(struct octets *out, uint32_t id, const struct sftp_handle *handle,
	uint64_t offset, const uint8_t *bytes, uint32_t len)
{
	struct writer writer = begin(out, FXP_WRITE, id);

	put_string(&writer, handle->octets, handle->len);
	put_u64(&writer, offset);
	put_string(&writer, bytes, len);
	return end(&writer);
}

int sftp_put_remove(struct octets *out, uint32_t id, const char *path)
{
	struct writer writer = begin(out, FXP_REMOVE, id);

	put_text(&writer, path);
	return end(&writer);
}

int sftp_put_rename(struct octets *out, uint32_t id, const char *from, const char *to, bool posix)
{
	struct writer writer = begin(out, posix ? FXP_EXTENDED : FXP_RENAME, id);

	if (posix) {
		put_text(&writer, POSIX_RENAME);
	}
	put_text(&writer, from);
	put_text(&writer, to);
	return end(&writer);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	size_t left;
	bool failed; /* something reached beyond the packet */
};

static const uint8_t *take(struct reader *reader, size_t len)
{
	const uint8_t *at = reader->at;

	if (reader->failed || len > reader->left) {
		reader->failed = true;
		return NULL;
	}
	reader->at += len;
	reader->left -= len;
	return at;
}

static uint32_t u32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t take_u32(struct reader *reader)
{
	const uint8_t *at = take(reader, 4);

	return at ? u32_at(at) : 0;
}

static const uint8_t *take_string(struct reader *reader, size_t *len)
{
	*len = take_u32(reader);
	return take(reader, *len);
}

static void read_version(struct reader *reader, struct sftp_reply *reply)
{
	reply->kind = SFTP_IS_VERSION;
	reply->version = take_u32(reader);
	while (!reader->failed && reader->left > 0) {
		size_t name_len, value_len;
		const uint8_t *name = take_string(reader, &name_len);

		take_string(reader, &value_len);
		if (!reader->failed && name_len == strlen(POSIX_RENAME) &&
			memcmp(name, POSIX_RENAME, name_len) == 0) {
			reply->posix_rename = true;
		}
	}
}

/* The message and its language came with version 3: some servers leave them out. */
static void read_status(struct reader *reader, struct sftp_reply *reply)
{
	const uint8_t *text;
	size_t len;

	reply->kind = SFTP_IS_STATUS;
	reply->status = take_u32(reader);
	if (reader->failed || reader->left == 0) {
		return;
	}
	text = take_string(reader, &len);
	if (text) {
		len = len < sizeof(reply->message) ? len : sizeof(reply->message) - 1;
		memcpy(reply->message, text, len);
		reply->message[len] = '\0';
	}
}

static void read_handle(struct reader *reader, struct sftp_reply *reply)
{
	size_t len;
	const uint8_t *octets = take_string(reader, &len);

	reply->kind = SFTP_IS_HANDLE;
	if (!octets || len > SFTP_HANDLE_MAX) {
		reader->failed = true;
		return;
	}
	memcpy(reply->handle.octets, octets, len);
	reply->handle.len = len;
}

static void read_data(struct reader *reader, struct sftp_reply *reply)
{
	reply->kind = SFTP_IS_DATA;
	reply->data = take_string(reader, &reply->data_len);
}

int sftp_packet_len(const uint8_t prefix[static SFTP_PREFIX_LEN])
{
	uint32_t len = u32_at(prefix);

	return len == 0 || len > SFTP_PACKET_MAX ? -EMSGSIZE : (int)len;
}

int sftp_read_reply(const uint8_t *packet, size_t len, struct sftp_reply *reply)
{
	struct reader reader = { packet, len, false };
	const uint8_t *type = take(&reader, 1);

	memset(reply, 0, sizeof(*reply));
	if (!type) {
		return -EBADMSG;
	}
	if (*type != FXP_VERSION) {
		reply->id = take_u32(&reader);
	}
	switch (*type) {
	case FXP_VERSION:
		read_version(&reader, reply);
		break;
	case FXP_STATUS:
		read_status(&reader, reply);
		break;
	case FXP_HANDLE:
		read_handle(&reader, reply);
		break;
	case FXP_DATA:
		read_data(&reader, reply);
		break;
	default:
		return -EBADMSG;
	}
	return reader.failed ? -EBADMSG : 0;
}

const char *sftp_status_text(const struct sftp_reply *reply)
{
	if (reply->message[0]) {
		return reply->message;
	}
	switch (reply->status) {
	case SFTP_OK:
		return "success";
	case SFTP_EOF:
		return "end of file";
	case SFTP_NO_SUCH_FILE:
		return "no such file";
	case SFTP_PERMISSION_DENIED:
		return "permission denied";
	default:
		return "failure";
	}
}
