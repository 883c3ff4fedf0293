/*
 * What the log hears of an interface. A change is said a moment after it has come, when it
 * is clear what becomes of it: an interface that is deleted goes down first. Of many changes
 * in a row the first few are said as they come, then one line as often as a window ends;
 * the last line always tells how it is.
 */
#include "keyidd/iface_private.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"

#define SETTLE_MS 100
#define WINDOW_MS 20000
#define WINDOW_LINES 6

static bool is_news(const struct iface *iface)
{
	return iface->log.outages > 0 || strcmp(iface->log.error, iface->error) != 0;
}

/* Outages that the lines do not show by themselves. */
static unsigned hidden_outages(const struct iface *iface)
{
	bool shows_one = !iface->log.error[0] && iface->error[0];

	return iface->log.outages - (shows_one && iface->log.outages > 0);
}

static void say_state(struct iface *iface)
{
	unsigned hidden = hidden_outages(iface);
	char more[64] = "";

	if (hidden > 0) {
		snprintf(more, sizeof(more), " (went away %u time%s since the last line)", hidden,
			hidden == 1 ? "" : "s");
	}
	if (iface->error[0]) {
		log_write(LOG_LEVEL_WARNING, "port", "%s: %s%s%s", iface->name, iface->error,
			iface->state == IFACE_STATE_NOT_OPEN ? "; trying again" : "", more);
	} else {
		log_write(LOG_LEVEL_NOTICE, "port", "%s: open%s", iface->name, more);
	}
	memcpy(iface->log.error, iface->error, sizeof(iface->log.error));
	iface->log.outages = 0;
}

void iface_say_mtu(struct iface *iface)
{
	const struct association_link *whose = NULL;
	uint32_t wanted = iface_fit_wanted(iface, &whose);

	if (iface_mtu(iface) == 0 || wanted == iface->log.mtu_wanted) {
		return;
	}
	iface->log.mtu_wanted = wanted;
	if (whose) {
		log_write(LOG_LEVEL_WARNING, "port",
			"%s: its MTU of %u is too small: messages of %s may need %u; longer ones "
			"are not sent",
			iface->name, iface_mtu(iface), whose->association->config->label, wanted);
	} else {
		log_write(LOG_LEVEL_NOTICE, "port", "%s: its MTU of %u is large enough again",
			iface->name, iface_mtu(iface));
	}
}

void iface_say(void *ctx)
{
	struct iface *iface = ctx;

	if (is_news(iface)) {
		iface->log.lines++;
		say_state(iface);
	}
}

void iface_say_soon(struct iface *iface)
{
	struct iface_log *log = &iface->log;
	uint64_t now_ms = clock_mono_ms();

	if (log->timer.place != 0) {
		return;
	}
	if (log->window_ms == 0 || now_ms - log->window_ms >= WINDOW_MS) {
		log->window_ms = now_ms;
		log->lines = 0;
	}
	loop_timer_set(iface->set->loop, &log->timer,
		log->lines < WINDOW_LINES ? now_ms + SETTLE_MS : log->window_ms + WINDOW_MS);
}
