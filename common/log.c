#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static const struct {
	enum log_level level;
	const char *name;
} level_names[] = {
	{ LOG_LEVEL_ERROR, "error" },
	{ LOG_LEVEL_WARNING, "warning" },
	{ LOG_LEVEL_NOTICE, "notice" },
	{ LOG_LEVEL_INFO, "info" },
	{ LOG_LEVEL_DEBUG, "debug" },
};

#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static _Atomic int shown_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	shown_level = level;
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(name, level_names[i].name) == 0) {
			*level = level_names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *level_name(enum log_level level)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (level_names[i].level == level) {
			return level_names[i].name;
		}
	}
	return "?";
}

static int write_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm utc;
	char date[24];

	if (getenv("JOURNAL_STREAM")) {
		return snprintf(line, size, "<%d>", level);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	return snprintf(
		line, size, "%s.%03ldZ %s ", date, now.tv_nsec / 1000000, level_name(level));
}

/* One write(2) a line, so that lines of several threads and processes never mix. */
static void write_line(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) {
			line[i] = '?';
		}
	}
	line[len] = '\n';
	if (write(STDERR_FILENO, line, len + 1) < 0) {
		return; /* nowhere left to say it */
	}
}

void log_write(enum log_level level, const char *subsystem, const char *format, ...)
{
	char line[LINE_MAX_LEN + 1];
	int saved_errno = errno;
	size_t len;
	va_list args;

	if ((int)level > shown_level) {
		return;
	}
	len = (size_t)write_prefix(line, LINE_MAX_LEN, level);
	len += (size_t)snprintf(line + len, LINE_MAX_LEN - len, "%s: ", subsystem);
	if (len < LINE_MAX_LEN) {
		va_start(args, format);
		len += (size_t)vsnprintf(line + len, LINE_MAX_LEN - len, format, args);
		va_end(args);
	}
	write_line(line, len < LINE_MAX_LEN ? len : LINE_MAX_LEN - 1);
	errno = saved_errno;
}

bool log_limit_allow(struct log_limit *limit, uint64_t now_ms, uint32_t *suppressed)
{
	if (limit->in_window == 0 || now_ms - limit->window_start_ms >= LOG_LIMIT_INTERVAL_MS) {
		limit->window_start_ms = now_ms;
		limit->in_window = 0;
	}
	if (limit->in_window >= LOG_LIMIT_BURST) {
		limit->suppressed++;
		return false;
	}
	limit->in_window++;
	*suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}
