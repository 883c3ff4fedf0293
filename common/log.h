/*
 * The log: one line per message to standard error, as systemd-journald reads it.
 *
 * Under journald (JOURNAL_STREAM is set) a line begins with the syslog level as
 * "<6>", see sd-daemon(3); elsewhere with a UTC time and the level's name. Then
 * the subsystem and the text:
 *
 *     2026-01-31T12:00:00.123Z notice exchange: span-1: generation 7 confirmed
 *
 * Control characters in the text are written as '?', so that no peer can forge
 * a line. No secret is ever passed to the log.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Syslog severities (RFC 5424, table 2) that keyidd uses. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Shows messages of this level and the graver ones. The default is INFO. */
void log_set_level(enum log_level level);

/* Reads "error", "warning", "notice", "info" or "debug"; returns 0 or -EINVAL. */
int log_level_parse(const char *name, enum log_level *level);

/* Writes one line. Safe to call from any thread. Keeps errno. */
void log_write(enum log_level level, const char *subsystem, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * For anything that a peer can trigger: lets burst messages through per
 * interval, then counts silently; the first one let through afterwards is told
 * how many were held back. One per place and association, zeroed at the start.
 */
struct log_limit {
	uint64_t window_start_ms;
	uint32_t in_window;
	uint32_t suppressed;
};

#define LOG_LIMIT_BURST 1
#define LOG_LIMIT_INTERVAL_MS 60000

/*
 * Returns true if the caller may log now, and then sets *suppressed to the
 * number of messages held back since the last one. now_ms is monotonic.
 */
bool log_limit_allow(struct log_limit *limit, uint64_t now_ms, uint32_t *suppressed);

#endif
