/*
 * How long it takes to hand a key-ID over, from announcing it at one end of an Ethernet
 * link until the far end knows it: keyidd's ways and those that people use today.
 *
 *     handover NEAR FAR NAMESPACE LLDPD FOLDER
 *
 * NEAR is an interface here, FAR the one wired to it in the network namespace NAMESPACE
 * (a file). tests/bench/handover.sh makes both, an lldpd at either end (LLDPD is their
 * process group) and an sshd at the far one, and in FOLDER what leads to them:
 *
 *     near.sock, far.sock      control sockets of the two lldpd
 *     ssh_config               hosts "far", and "far-kept" with a connection that is open
 *
 * The ways take turns, and a ratio is the median of those within each turn, as in
 * roundtrip.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lib/measure.h"
#include "tests/bench/lib/station.h"

#define TURNS 5
#define HAND_OVERS_MAX 60   /* of one way in a turn, at one pace */
#define TURN_SECONDS_MAX 60 /* what hangs is ended */
#define ATTEMPTS 20         /* to be heard for the first time in a turn */
#define HEARD_MS_MAX 500    /* in each of them */
#define PATH_LEN 256

/*
 * How long everybody rests before a hand-over. After the first pace's rest caches are cold
 * and processors asleep, as in a real rotation. The second one shows what the path itself
 * costs; keyidd's exchange never goes so fast (protocol.md section 4.4: changes).
 */
enum pace { AT_REST, BACK_TO_BACK, PACES };

static const long rest_ms[PACES] = { [AT_REST] = 10, [BACK_TO_BACK] = 0 };

static void fail(const char *what)
{
	fprintf(stderr, "handover: %s\n", what);
	exit(1);
}

/* ---- keyidd's far end, a process in its namespace -------------------------------------------- */

/* What it has accepted last. */
struct heard {
	struct key_id key;
	double accepted_us;
};

/* Answers every authentic message, by the carrier that has brought it. */
static void far_end(const char *interface, const char *namespace, struct heard *heard)
{
	static struct station far;
	int fd = open(namespace, O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
		measure_die(namespace);
	}
	close(fd);
	measure_use_processor(1);
	station_open(&far, interface, 2, "bravo");
	for (;;) {
		station_receive(&far, -1);
		if (far.verdict == VERDICT_ACCEPTED) {
			heard->key = far.key;
			heard->accepted_us = far.accepted_us;
		}
		if (far.verdict == VERDICT_ACCEPTED || far.verdict == VERDICT_NOT_LISTED) {
			station_send(&far, far.carrier);
		}
	}
}

/* ---- all that the ways need ------------------------------------------------------------------ */

struct bench {
	struct station near;
	struct heard *heard;  /* shared with the far end */
	cpu_set_t processors; /* all that may be used */
	pid_t lldpd;          /* process group */
	char near_socket[PATH_LEN], far_socket[PATH_LEN];
	char ssh_config[PATH_LEN], sent[PATH_LEN], received[PATH_LEN];
	pid_t watch, kept; /* lldpcli */
	int watch_fd, kept_fd;
};

/*
 * open and close, once a turn, may be NULL. hand_over returns the microseconds until the
 * far end knew this very key-ID, or a negative number if it has not heard it.
 */
struct way {
	const char *name;
	const char *from_to; /* what is compared */
	int hand_overs;      /* in a turn, at each pace */
	void (*open)(struct bench *bench);
	void (*close)(struct bench *bench);
	double (*hand_over)(struct bench *bench, const struct key_id *key);
};

/* ---- keyidd's own ways ----------------------------------------------------------------------- */

/* Our LLDPDUs are lldpd's to hear as well: it shall not compete for the two processors. */
static void own_open(struct bench *bench)
{
	kill(-bench->lldpd, SIGSTOP);
	measure_use_processor(0);
}

static void own_close(struct bench *bench)
{
	sched_setaffinity(0, sizeof(bench->processors), &bench->processors);
	kill(-bench->lldpd, SIGCONT);
}

static double own_hand_over(struct bench *bench, const struct key_id *key, enum carrier carrier)
{
	struct station *near = &bench->near;

	station_propose(near, key);
	double start_us = measure_now_us();
	link_changed(&near->link, (uint64_t)(start_us / 1e3));
	station_send(near, carrier);
	/* its answer shows that the far end is done */
	if (!station_receive(near, HEARD_MS_MAX) || near->verdict != VERDICT_ACCEPTED ||
		strcmp(bench->heard->key.text, key->text) != 0) {
		return -1;
	}
	return bench->heard->accepted_us - start_us;
}

static double raw_hand_over(struct bench *bench, const struct key_id *key)
{
	return own_hand_over(bench, key, CARRIER_RAW);
}

static double lldp_hand_over(struct bench *bench, const struct key_id *key)
{
	return own_hand_over(bench, key, CARRIER_LLDP);
}

/* ---- other programs -------------------------------------------------------------------------- */

static pid_t start(char *const argv[], int in, int out)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0) {
		measure_die(argv[0]);
	}
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int null_fd(void)
{
	static int fd = -1;

	if (fd < 0) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static void stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* ---- lldpd: the key-ID as a custom TLV, without authentication ------------------------------- */

#define INFO_LEN (3 * KEY_ID_MAX)

/* The octets as lldpcli takes and shows them: "64,39,2D". */
static void info_of(const struct key_id *key, char info[static INFO_LEN])
{
	for (size_t i = 0; i < key->len; i++) {
		snprintf(info + 3 * i, 4, "%02X,", (unsigned char)key->text[i]);
	}
	info[3 * key->len - 1] = '\0';
}

static void lldpd_open(struct bench *bench)
{
	char *argv[] = { "stdbuf", "-oL", "lldpcli", "-u", bench->far_socket, "watch", NULL };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0) {
		measure_die("pipe");
	}
	bench->watch = start(argv, null_fd(), fds[1]);
	bench->watch_fd = fds[0];
	close(fds[1]);
}

static void lldpd_close(struct bench *bench)
{
	stop(bench->watch);
	close(bench->watch_fd);
}

/* Reads what "lldpcli watch" prints until the text is there. */
static bool watch_shows(struct bench *bench, const char *text)
{
	struct pollfd readable = { .fd = bench->watch_fd, .events = POLLIN };
	char shown[16384];
	size_t len = 0;

	while (poll(&readable, 1, HEARD_MS_MAX) > 0) {
		ssize_t got = read(bench->watch_fd, shown + len, sizeof(shown) - len);

		if (got <= 0) {
			fail("lldpcli watch has ended");
		}
		len += (size_t)got;
		if (memmem(shown, len, text, strlen(text))) {
			return true;
		}
		if (len > sizeof(shown) / 2) { /* keep what may be the beginning of the text */
			memmove(shown, shown + len - INFO_LEN, INFO_LEN);
			len = INFO_LEN;
		}
	}
	return false;
}

static double lldpcli_hand_over(struct bench *bench, const struct key_id *key)
{
	char info[INFO_LEN];
	char *argv[] = { "lldpcli", "-u", bench->near_socket, "configure", "lldp", "custom-tlv",
		"replace", "oui", "00,00,5e", "subtype", "2", "oui-info", info, NULL };

	info_of(key, info);
	double start_us = measure_now_us();
	pid_t lldpcli = start(argv, null_fd(), null_fd());
	bool heard = watch_shows(bench, info);
	double heard_us = measure_now_us();
	return ended_well(lldpcli) && heard ? heard_us - start_us : -1;
}

static void kept_open(struct bench *bench)
{
	char *argv[] = { "lldpcli", "-u", bench->near_socket, NULL };
	int fds[2];

	lldpd_open(bench);
	if (pipe2(fds, O_CLOEXEC) != 0) {
		measure_die("pipe");
	}
	bench->kept = start(argv, fds[0], null_fd());
	bench->kept_fd = fds[1];
	close(fds[0]);
}

static void kept_close(struct bench *bench)
{
	close(bench->kept_fd);
	waitpid(bench->kept, NULL, 0);
	lldpd_close(bench);
}

static double kept_hand_over(struct bench *bench, const struct key_id *key)
{
	char info[INFO_LEN], command[INFO_LEN + 100];

	info_of(key, info);
	int len = snprintf(command, sizeof(command),
		"configure lldp custom-tlv replace oui 00,00,5e subtype 2 oui-info %s\n", info);
	double start_us = measure_now_us();
	if (write(bench->kept_fd, command, (size_t)len) != len) {
		measure_die("lldpcli");
	}
	return watch_shows(bench, info) ? measure_now_us() - start_us : -1;
}

/* ---- scp: the key-ID in a JSON file ---------------------------------------------------------- */

static void write_file(const char *path, const struct key_id *key)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "{\"mx304-11\": \"%s\"}\n", key->text) < 0 ||
		fclose(file) != 0) {
		measure_die(path);
	}
}

static bool file_holds(const char *path, const struct key_id *key)
{
	char text[KEY_ID_MAX + 64] = "";
	FILE *file = fopen(path, "r");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	return strstr(text, key->text);
}

static double scp(struct bench *bench, const struct key_id *key, const char *host)
{
	char target[PATH_LEN + 16];
	char *argv[] = { "scp", "-q", "-F", bench->ssh_config, bench->sent, target, NULL };

	snprintf(target, sizeof(target), "%s:%s", host, bench->received);
	write_file(bench->sent, key);
	double start_us = measure_now_us();
	bool copied = ended_well(start(argv, null_fd(), null_fd()));
	double copied_us = measure_now_us();
	return copied && file_holds(bench->received, key) ? copied_us - start_us : -1;
}

static double scp_cold_hand_over(struct bench *bench, const struct key_id *key)
{
	return scp(bench, key, "far");
}

static double scp_kept_hand_over(struct bench *bench, const struct key_id *key)
{
	return scp(bench, key, "far-kept");
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* One row for each; what is printed of a row is relative to the first. */
static const struct way ways[] = {
	{ "keyidd, 0x88B7", "daemon to daemon", 60, own_open, own_close, raw_hand_over },
	{ "keyidd, LLDP", "daemon to daemon", 60, own_open, own_close, lldp_hand_over },
	{ "lldpd, lldpcli kept open", "command to watch", 20, kept_open, kept_close,
		kept_hand_over },
	{ "lldpd, an lldpcli each", "process start to watch", 10, lldpd_open, lldpd_close,
		lldpcli_hand_over },
	{ "scp, connection kept open", "process start to end", 5, NULL, NULL, scp_kept_hand_over },
	{ "scp, cold", "process start to end", 3, NULL, NULL, scp_cold_hand_over },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Of one way in one turn. */
struct turn {
	double p50_us[PACES], p90_us[PACES];
};

/* Each key-ID is new. */
static double hand_over_next(const struct way *way, struct bench *bench, enum pace pace)
{
	static unsigned count;
	char text[KEY_ID_MAX];
	struct key_id key;
	int len = snprintf(text, sizeof(text), "%08x-dd88-47d2-8afe-94fcecf40d19", ++count);

	key_id_set(&key, text, (size_t)len);
	if (rest_ms[pace] > 0) {
		nanosleep(&(struct timespec){ .tv_nsec = rest_ms[pace] * 1000000 }, NULL);
	}
	return way->hand_over(bench, &key);
}

/* The far end may have to start first, or to catch up with what the way before has left. */
static void warm_up(const struct way *way, struct bench *bench)
{
	int in_a_row = 0;

	for (int i = 0; i < ATTEMPTS && in_a_row < 2; i++) {
		in_a_row = hand_over_next(way, bench, AT_REST) < 0 ? 0 : in_a_row + 1;
	}
	if (in_a_row < 2) {
		fail(way->name);
	}
}

static void take_turn(const struct way *way, struct bench *bench, struct turn *turn)
{
	double took_us[HAND_OVERS_MAX];
	size_t count = (size_t)way->hand_overs;

	alarm(TURN_SECONDS_MAX);
	if (way->open) {
		way->open(bench);
	}
	warm_up(way, bench);
	for (enum pace pace = 0; pace < PACES; pace++) {
		for (size_t i = 0; i < count; i++) {
			took_us[i] = hand_over_next(way, bench, pace);
			if (took_us[i] < 0) {
				fail(way->name);
			}
		}
		turn->p50_us[pace] = measure_percentile(took_us, count, 50);
		turn->p90_us[pace] = measure_percentile(took_us, count, 90);
	}
	if (way->close) {
		way->close(bench);
	}
	alarm(0);
}

/* ---- all turns ------------------------------------------------------------------------------- */

static void print_pace(size_t which, enum pace pace, struct turn turns[][WAYS])
{
	double p50_us[TURNS], p90_us[TURNS], ratio[TURNS];

	for (size_t i = 0; i < TURNS; i++) {
		p50_us[i] = turns[i][which].p50_us[pace];
		p90_us[i] = turns[i][which].p90_us[pace];
		ratio[i] = p50_us[i] / turns[i][0].p50_us[pace];
	}
	printf(" %9.3f %9.3f %8.1f", measure_percentile(p50_us, TURNS, 50) / 1e3,
		measure_percentile(p90_us, TURNS, 50) / 1e3, measure_percentile(ratio, TURNS, 50));
}

static void print_all(const struct bench *bench, struct turn turns[][WAYS])
{
	printf("Hand-over of a key-ID over one veth pair, from announced to known at the far end,\n"
	       "%d turns; keyidd's message has %zu octets\n",
		TURNS, bench->near.sent_len);
	printf("%-48s %-30s%s\n", "", "at rest", "back to back");
	printf("%-25s %-22s", "", "from and to");
	for (enum pace pace = 0; pace < PACES; pace++) {
		printf(" %9s %9s %8s", "p50 ms", "p90 ms", "ratio");
	}
	for (size_t which = 0; which < WAYS; which++) {
		printf("\n%-25s %-22s", ways[which].name, ways[which].from_to);
		print_pace(which, AT_REST, turns);
		print_pace(which, BACK_TO_BACK, turns);
	}
	printf("\n");
}

static void bench_open(struct bench *bench, char **argv)
{
	const char *folder = argv[5];

	bench->heard = mmap(NULL, sizeof(*bench->heard), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bench->heard == MAP_FAILED) {
		measure_die("mmap");
	}
	sched_getaffinity(0, sizeof(bench->processors), &bench->processors);
	bench->lldpd = (pid_t)atoi(argv[4]);
	snprintf(bench->near_socket, PATH_LEN, "%s/near.sock", folder);
	snprintf(bench->far_socket, PATH_LEN, "%s/far.sock", folder);
	snprintf(bench->ssh_config, PATH_LEN, "%s/ssh_config", folder);
	snprintf(bench->sent, PATH_LEN, "%s/sent.json", folder);
	snprintf(bench->received, PATH_LEN, "%s/received.json", folder);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct turn turns[TURNS][WAYS];

	if (argc != 6 || atoi(argv[4]) <= 1) {
		fprintf(stderr, "usage: handover NEAR FAR NAMESPACE LLDPD FOLDER\n");
		return 2;
	}
	bench_open(&bench, argv);
	pid_t far = fork();
	if (far < 0) {
		measure_die("fork");
	}
	if (far == 0) {
		far_end(argv[2], argv[3], bench.heard);
	}
	station_open(&bench.near, argv[1], 1, "alpha");
	for (size_t i = 0; i < TURNS; i++) {
		for (size_t which = 0; which < WAYS; which++) {
			take_turn(&ways[which], &bench, &turns[i][which]);
		}
	}
	stop(far);
	print_all(&bench, turns);
	return 0;
}
