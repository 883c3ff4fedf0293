/* keyid-replay: captures through keyidd's receiver. keyid-replay(1) is the manual. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "tools/keyid-replay/options.h"
#include "tools/keyid-replay/output.h"
#include "tools/keyid-replay/progress.h"
#include "tools/keyid-replay/replay.h"

struct session {
	struct options options;
	struct site site;
	struct replay replay;
	struct output output;
	struct progress progress;
	struct record record;
};

static struct capture *followed; /* for the signal handler */

static void stop(int signal)
{
	(void)signal;
	capture_stop(followed);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void print_record(struct session *session)
{
	if (session->options.summary) {
		return;
	}
	if (session->options.json) {
		record_print_json(&session->record, session->output.file);
	} else {
		record_print_text(&session->record, session->output.file);
	}
}

static void print_summary_json(const struct replay *replay, FILE *out)
{
	json_t *object = json_object();
	json_t *verdicts = json_object();

	for (size_t i = 0; i < VERDICT_ALL; i++) {
		enum verdict verdict = replay_verdict_order[i];

		json_object_set_new(verdicts, verdict_name(verdict),
			json_integer((json_int_t)replay->verdicts[verdict]));
	}
	json_object_set_new(object, "frames", json_integer((json_int_t)replay->frames));
	json_object_set_new(object, "verdicts", verdicts);
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

static void print_summary_text(const struct replay *replay, FILE *out)
{
	for (size_t i = 0; i < VERDICT_ALL; i++) {
		enum verdict verdict = replay_verdict_order[i];

		if (replay->verdicts[verdict] > 0) {
			fprintf(out, "%-20s %" PRIu64 "\n", verdict_name(verdict),
				replay->verdicts[verdict]);
		}
	}
	fprintf(out, "%-20s %" PRIu64 "\n", "frames", replay->frames);
}

static void print_summary(struct session *session)
{
	if (!session->options.summary) {
		return;
	}
	if (session->options.json) {
		print_summary_json(&session->replay, session->output.file);
	} else {
		print_summary_text(&session->replay, session->output.file);
	}
}

/* ---- input ----------------------------------------------------------------------------------- */

static bool enough(const struct session *session)
{
	return session->options.count > 0 && session->replay.frames >= session->options.count;
}

/* Every frame of a capture. Returns 0 or 2. */
static int replay_capture(struct session *session, struct capture *capture)
{
	char error[CAPTURE_ERROR_TEXT_MAX];
	int got = 0;

	while (!enough(session) &&
		(got = capture_next(capture, &session->record.captured, error)) > 0) {
		replay_frame(&session->replay, &session->record);
		print_record(session);
		if (session->options.follow) {
			fflush(session->output.file);
		}
		if (progress_due(&session->progress, session->replay.frames)) {
			progress_draw(&session->progress, session->record.capture,
				capture_position(capture), capture_size(capture),
				session->replay.frames);
		}
	}
	progress_clear(&session->progress);
	fflush(session->output.file);
	if (got < 0) {
		fprintf(stderr, "keyid-replay: %s\n", error);
	}
	return got < 0 ? 2 : 0;
}

static void say_times(struct session *session)
{
	if (session->replay.went_back > 0) {
		fprintf(stderr,
			"keyid-replay: %s: time goes back by more than a second (steps: %" PRIu64
			"); such a step counts as no time\n",
			session->record.capture, session->replay.went_back);
		session->replay.went_back = 0;
	}
}

static int replay_file(struct session *session, const char *name)
{
	char error[CAPTURE_ERROR_TEXT_MAX];
	struct capture *capture = capture_open(name, error);
	int status;

	if (!capture) {
		fflush(session->output.file);
		fprintf(stderr, "keyid-replay: %s\n", error);
		return 2;
	}
	session->record.capture = name;
	status = replay_capture(session, capture);
	say_times(session);
	capture_close(capture);
	return status;
}

static int replay_files(struct session *session)
{
	int worst = 0;

	for (size_t i = 0; i < session->options.capture_count && !enough(session); i++) {
		int status = replay_file(session, session->options.captures[i]);

		worst = status > worst ? status : worst;
	}
	return worst;
}

static int follow(struct session *session)
{
	/* A second one ends the program at once. */
	struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
	char error[CAPTURE_ERROR_TEXT_MAX];
	int status;

	followed = capture_follow(session->options.follow, &session->site.config.transport.frame,
		session->options.promiscuous, error);
	if (!followed) {
		fprintf(stderr, "keyid-replay: %s\n", error);
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	session->record.capture = session->options.follow;
	status = replay_capture(session, followed);
	say_times(session);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	capture_close(followed);
	return status;
}

/* ---- */

/* A misspelt SAE would make every verdict unknown, and nobody the wiser. */
static void say_station(const struct session *session)
{
	bool anybody = false;

	for (size_t i = 0; i < session->site.link_count; i++) {
		const struct observer *observer = session->site.links[i].observer;

		if (observer->own) {
			return;
		}
		anybody |= observer->station_count > 0;
	}
	if (anybody && session->options.station.len > 0) {
		fprintf(stderr,
			"keyid-replay: %s is not on record; what others said cannot be judged\n",
			session->options.station.text);
	}
}

static int run(struct session *session)
{
	const struct options *options = &session->options;
	int status, compared;

	if (site_load(&session->site, options->config, options->interface) != 0) {
		return 2;
	}
	replay_init(&session->replay, &session->site,
		options->station.len > 0 ? &options->station : NULL, !options->summary);
	if (output_open(&session->output, options->expect) != 0) {
		return 2;
	}
	progress_init(&session->progress);
	status = options->follow ? follow(session) : replay_files(session);
	say_station(session);
	print_summary(session);
	compared = output_close(&session->output);
	progress_finish(&session->progress, session->replay.frames);
	return compared > status ? compared : status;
}

int main(int argc, char **argv)
{
	static struct session session; /* a record holds a whole message, decoded */
	int status = options_read(&session.options, argc, argv);

	if (status == -1) {
		status = run(&session);
		site_free(&session.site);
	}
	return status;
}
