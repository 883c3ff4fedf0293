/*
 * The exchange (docs/protocol.md section 5): a master M and two slaves in a
 * chain, M - B - C; B relays. README.md says what is abstracted, and why that is
 * sound. Every transition is one step of exchange_step(): what it changes on the
 * disk is saved before anything that follows from it can happen.
 *
 * A build is exhaustive for safety (as it is), or checks agreement (-DLIVENESS:
 * FAULTS are counted, and nothing old is read for free). -DDISK_LOSS=n lets n
 * disks be lost. -DSTALE_DEVICES: what a neighbour's device was heard to show may
 * be of any age. -DFAULT_... builds in a deliberate fault.
 */

#ifndef GENERATIONS
#define GENERATIONS 3 /* at most 3: a set of proposals is a byte */
#endif
#ifndef FAULTS
#define FAULTS 2 /* LIVENESS: crashes, refusals, timeouts and old messages, together */
#endif
#ifndef DISK_LOSS
#define DISK_LOSS 0
#endif

/* ---- nodes, proposals, sets of proposals ---------------------------------------------------- */

#define M 0
#define B 1
#define C 2

/*
 * A proposal stands for its digest and its key. A generation has at most two, for
 * it gets a second one only by a deliberate fault or a lost disk.
 */
#define NO_PROPOSAL 0
#define PROPOSAL(generation, which) (2 * (generation) + (which))
#define GEN(p) ((p) / 2)
#define SAME_GENERATION(p, q) (GEN(p) == GEN(q))

/* A set of proposals, one bit each; bit 0 is free. */
#define ONLY(p) (1 << (p))
#define IN(p, set) (((set) >> (p)) & 1)
#define EITHER(p, set) (IN(PROPOSAL(GEN(p), 0), set) || IN(PROPOSAL(GEN(p), 1), set))
#define NEWEST(set)                                                           \
	(IN(7, set) -> 7 : (IN(6, set) -> 6 : (IN(5, set) -> 5 :              \
	(IN(4, set) -> 4 : (IN(3, set) -> 3 : (IN(2, set) -> 2 : 0))))))
#define COUNT(set)                                                            \
	(IN(2, set) + IN(3, set) + IN(4, set) + IN(5, set) + IN(6, set) + IN(7, set))

/* enum exchange_stage */
#define NONE 0
#define FETCHING 1
#define HELD 2
#define ABORTED 3

/* enum slot_phase; on record a phase never goes back (section 5.1) */
#define EMPTY 0
#define PREPARE 1
#define ABORT 2
#define COMMIT 3
#define CONFIRMED 4

/* ---- the disk of each node: struct exchange_record (section 5.4) ---------------------------- */

byte highest[3];   /* generation seen or used */
byte stage[3];     /* of the newest proposal, staged */
byte staged[3];
byte decision[3];  /* on committed: EMPTY, COMMIT or CONFIRMED */
byte committed[3];
bool held[3];      /* the committed keys are sealed */

/* ---- the memory of each node: gone after a crash -------------------------------------------- */

bool fetching[3]; /* an answer of the KME is awaited */
bool prepared[3]; /* slave: the device would take the staged keys */
byte conflict[3]; /* slave: the proposal that the status shows as failed for this reason */

#ifdef LIVENESS
bool refused[3];     /* slave: the device would not take the staged keys */
byte relay_decision; /* B: the phases as last heard, of committed and staged */
byte relay_phase;
#endif

#ifdef STALE_DEVICES
/* A neighbour's device as last heard: bit 0 is set once its status has come. */
#define KNOWN 1
byte up_has[3], up_uses[3];     /* of the neighbour towards the master */
byte down_has[3], down_uses[3]; /* of the one away from it */
#define UP_HAS(n) up_has[n]
#define UP_USES(n) up_uses[n]
#define DOWN_HAS(n) down_has[n]
#define DOWN_USES(n) down_uses[n]
#else
#define KNOWN 0
#define UP_HAS(n) has[n - 1]
#define UP_USES(n) USES(n - 1)
#define DOWN_HAS(n) has[n + 1]
#define DOWN_USES(n) USES(n + 1)
#endif

/* ---- the devices: they outlive the daemon --------------------------------------------------- */

byte has[3]; /* the keys in the device; the newest is the configured one */

/* The key that secures a link: the newest that both ends hold. */
#define USED_BY(a, b) NEWEST(has[a] & has[b])

/* The key that a device shows as used to transmit: it works with every neighbour. */
#define B_USES (USED_BY(M, B) == USED_BY(B, C) -> USED_BY(M, B) : NO_PROPOSAL)
#define USES(n) (n == M -> USED_BY(M, B) : (n == C -> USED_BY(B, C) : B_USES))
#define USED_SOMEWHERE(n)                                                     \
	(n == M -> ONLY(USED_BY(M, B)) : (n == C -> ONLY(USED_BY(B, C)) :     \
	ONLY(USED_BY(M, B)) | ONLY(USED_BY(B, C))))

#define APPLIED(n) (decision[n] != EMPTY && IN(committed[n], has[n]))
#define LIVE(n) (APPLIED(n) && USES(n) == committed[n])

/* ---- the channels: all that was ever advertised (README.md) --------------------------------- */

byte said_prepare, said_abort, said_commit, said_confirmed; /* by the master */
byte said_ready[3], said_live[3]; /* by a slave: the newest proposal, if the master still asks */

/* ---- faults --------------------------------------------------------------------------------- */

#ifdef LIVENESS
byte faults = FAULTS;
#define MAY_FAIL (faults > 0)
#define SPEND faults--
#else
#define MAY_FAIL true
#define SPEND skip
#endif

byte disks = DISK_LOSS;  /* that may still be lost */
bool master_disk_lost;
#define DISK_WAS_LOST (disks < DISK_LOSS)
#ifdef LIVENESS
#define MAY_LOSE_DISK (disks > 0 && NEXT_GENERATION + faults <= GENERATIONS) /* one is left */
#else
#define MAY_LOSE_DISK (disks > 0)
#endif

/* ---- what is checked (section 5.7); named, so that the checker names them ------------------- */

byte was_applied;          /* proposals, by any device */
byte was_fetched[3];       /* proposals, from the KME of this node */
bool was_shared[2];        /* a key, by M and B, and by B and C */

hidden byte invariant_1_one_key_per_generation;
hidden byte invariant_2_neighbours_share_a_key;
hidden byte invariant_3_agreement;
hidden byte generation_never_reused;
hidden byte key_fetched_once;
hidden byte applied_only_if_committed;
hidden byte confirmed_only_by_the_master;
hidden byte never_lost;

#define CHECK(name, condition)                                                \
	name = (condition);                                                   \
	assert(name)

/* ---- statuses (section 3.3) ----------------------------------------------------------------- */

/* Proposed, and neither committed nor aborted. */
#define UNDECIDED(n)                                                          \
	((stage[n] == FETCHING || stage[n] == HELD) && GEN(staged[n]) > GEN(committed[n]))

#define SHOWS_READY(n) (stage[n] == HELD && prepared[n])
#define SHOWS_LOST(n) (decision[n] == COMMIT && !held[n] && !APPLIED(n) && !fetching[n])

#ifdef FAULT_READY_WITHOUT_DIGEST
#define MATCHES(p, q) SAME_GENERATION(p, q)
#else
#define MATCHES(p, q) ((p) == (q))
#endif

/* As the master may hear it: now, or (not LIVENESS) from an old status. */
#define IS_READY(n, p) ((SHOWS_READY(n) && MATCHES(staged[n], p)) || MATCHES(said_ready[n], p))
#define IS_LIVE(n, p) ((LIVE(n) && committed[n] == p) || said_live[n] == p)
#ifdef LIVENESS
#define HAS_FAILED(n, p)                                                      \
	((stage[n] == FETCHING && !fetching[n] && staged[n] == p) ||          \
	(refused[n] && staged[n] == p) || conflict[n] == p)
#endif
#define HAS_LOST(n, p) ((SHOWS_LOST(n) && committed[n] == p) || conflict[n] == p)

#ifdef FAULT_RELAY_FORGETS
#define ALL_READY(p) IS_READY(B, p)
#define ALL_LIVE(p) IS_LIVE(B, p)
#else
#define ALL_READY(p) (IS_READY(B, p) && IS_READY(C, p))
#define ALL_LIVE(p) (IS_LIVE(B, p) && IS_LIVE(C, p))
#endif

/* What a status has shown once, the channel may show again. */
inline says_ready(n)
{
#ifndef LIVENESS
	if
	:: MATCHES(staged[n], staged[M]) -> said_ready[n] = staged[n]
	:: else
	fi
#else
	skip
#endif
}

inline says_live(n)
{
#ifndef LIVENESS
	if
	:: LIVE(n) && committed[n] == committed[M] && decision[M] == COMMIT ->
		said_live[n] = committed[n]
	:: else
	fi
#else
	skip
#endif
}

inline check_devices()
{
	CHECK(invariant_2_neighbours_share_a_key,
		(!was_shared[0] || USED_BY(M, B)) && (!was_shared[1] || USED_BY(B, C)));
	was_shared[0] = USED_BY(M, B) != NO_PROPOSAL;
	was_shared[1] = USED_BY(B, C) != NO_PROPOSAL;
	says_live(B);
	says_live(C)
}

/* ---- the device (section 5.5) --------------------------------------------------------------- */

/* The rule of the neighbours, for one of them: has and uses as last heard. */
#define ALLOWS(n, its_has, its_uses)                                          \
	((((its_has) & KNOWN) == KNOWN) &&                                               \
	(IN(committed[n], its_has) || (USES(n) && IN(USES(n), its_has)) ||    \
	!((its_uses) && IN(its_uses, has[n]))))
#define ALLOWED_ABOVE(n) (n == M || ALLOWS(n, UP_HAS(n), UP_USES(n)))
#define ALLOWED_BELOW(n) (n == C || ALLOWS(n, DOWN_HAS(n), DOWN_USES(n)))

#ifdef FAULT_NO_NEIGHBOUR_RULE
#define NEIGHBOURS_ALLOW(n) true
#else
#define NEIGHBOURS_ALLOW(n) (ALLOWED_ABOVE(n) && ALLOWED_BELOW(n))
#endif

/*
 * Of its old keys a device keeps the ones that secure a link (KEEPS_PER_LINK), or,
 * weaker, only the one that secures all of its links.
 */
#ifdef KEEPS_PER_LINK
#define KEPT(n) USED_SOMEWHERE(n)
#else
#define KEPT(n) ONLY(USES(n))
#endif

inline install(n, p)
{
	CHECK(applied_only_if_committed, IN(p, said_commit));
	CHECK(invariant_1_one_key_per_generation,
		!IN(PROPOSAL(GEN(p), 1 - p % 2), was_applied));
	was_applied = was_applied | ONLY(p);
	has[n] = (ONLY(p) | KEPT(n)) & ~ONLY(NO_PROPOSAL);
	check_devices()
}

#define COMMIT_DUE(n)                                                         \
	(decision[n] == COMMIT && held[n] && !APPLIED(n) && NEIGHBOURS_ALLOW(n))

/* MKA gives up, some time after a newer key is configured, what secures no link any more. */
#define UNUSED(n) (has[n] & ~(ONLY(NEWEST(has[n])) | USED_SOMEWHERE(n)))

inline mka_drops_unused(n)
{
	has[n] = has[n] & ~UNUSED(n);
	check_devices()
}

#ifdef FAULT_DROP_AT_APPLIED
#define RETIRE_DUE(n) (APPLIED(n) && has[n] != ONLY(committed[n]))
#else
#define RETIRE_DUE(n)                                                         \
	(decision[n] == CONFIRMED && LIVE(n) && has[n] != ONLY(committed[n]) && \
	!(stage[n] == HELD && UNDECIDED(n)))
#endif

inline retire(n)
{
	has[n] = ONLY(committed[n]);
	check_devices()
}

#ifdef LIVENESS
#define REFUSED(n) refused[n]
#else
#define REFUSED(n) false /* it is not asked again, or the master aborts: both can happen anyway */
#endif
#define PREPARE_DUE(n) (stage[n] == HELD && UNDECIDED(n) && !prepared[n] && !REFUSED(n))

inline device_prepared(n)
{
	prepared[n] = true;
	says_ready(n)
}

#ifdef STALE_DEVICES
/* A neighbour's status has come: its device as it is at this moment. */
inline hear_up(n)
{
	up_has[n] = has[n - 1] | KNOWN;
	up_uses[n] = USES(n - 1)
}

inline hear_down(n)
{
	down_has[n] = has[n + 1] | KNOWN;
	down_uses[n] = USES(n + 1)
}
#endif

/* ---- committing and confirming, both roles -------------------------------------------------- */

inline exchange_commit(n, p, sealed)
{
	held[n] = sealed;
	committed[n] = p;
	decision[n] = COMMIT
}

inline exchange_confirm(n)
{
	decision[n] = CONFIRMED;
	held[n] = false;
	conflict[n] = NO_PROPOSAL;
	if
	:: GEN(staged[n]) <= GEN(committed[n]) ->
		stage[n] = NONE;
		staged[n] = NO_PROPOSAL; /* means nothing from here on */
		prepared[n] = false
	:: else
	fi
}

/* ---- the master (section 5.2) --------------------------------------------------------------- */

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define NEXT_GENERATION (1 + MAX(highest[M], MAX(highest[B], highest[C])))

/* Every device holds what is committed, and yet it is not live everywhere in time. */
#define HOLDS_COMMITTED(n) (APPLIED(n) && committed[n] == committed[M])
#define MAY_DIFFER                                                            \
	(decision[M] == COMMIT && HOLDS_COMMITTED(M) && HOLDS_COMMITTED(B) && HOLDS_COMMITTED(C))

#ifdef FAULT_COMMIT_BEFORE_CONFIRMED
#define DECIDED_ENOUGH true
#else
#define DECIDED_ENOUGH                                                        \
	(decision[M] != COMMIT || HAS_LOST(B, committed[M]) || HAS_LOST(C, committed[M]))
#endif

#define MAY_PROPOSE(generation) (DECIDED_ENOUGH && PROPOSAL_LEFT(generation))
#define PROPOSAL_LEFT(generation)                                             \
	(!UNDECIDED(M) && (generation) <= GENERATIONS &&    \
	!IN(PROPOSAL(generation, 1), was_fetched[M]))

hidden byte next; /* only within a step */

inline propose(generation)
{
	CHECK(generation_never_reused,
		!IN(PROPOSAL(generation, 0), was_fetched[M]) || master_disk_lost);
	staged[M] = PROPOSAL(generation, IN(PROPOSAL(generation, 0), was_fetched[M]));
	highest[M] = generation;
	stage[M] = FETCHING;
	was_fetched[M] = was_fetched[M] | ONLY(staged[M]);
#ifdef FAULT_ONE_SLOT
	decision[M] = EMPTY;
	committed[M] = NO_PROPOSAL;
#endif
	said_ready[B] = NO_PROPOSAL; /* what was said of older proposals counts no more */
	said_ready[C] = NO_PROPOSAL
}

inline master_keys()
{
	stage[M] = HELD;
	said_prepare = said_prepare | ONLY(staged[M])
}

inline master_gives_up()
{
	stage[M] = ABORTED;
	if
	:: IN(staged[M], said_prepare) -> said_abort = said_abort | ONLY(staged[M])
	:: else
	fi
}

#ifdef FAULT_SKIP_READY_WAIT
#define MASTER_COMMIT_DUE (UNDECIDED(M) && stage[M] == HELD)
#else
#define MASTER_COMMIT_DUE (UNDECIDED(M) && stage[M] == HELD && ALL_READY(staged[M]))
#endif

inline master_commit()
{
	exchange_commit(M, staged[M], true);
	said_commit = said_commit | ONLY(committed[M])
}

#define MASTER_CONFIRM_DUE (decision[M] == COMMIT && LIVE(M) && ALL_LIVE(committed[M]))

inline master_confirm()
{
	exchange_confirm(M);
	said_live[B] = NO_PROPOSAL;
	said_live[C] = NO_PROPOSAL;
	said_confirmed = said_confirmed | ONLY(committed[M])
}

/* ---- the slave (section 5.3) ---------------------------------------------------------------- */

#define DECIDED_GENERATION(n) (decision[n] == EMPTY -> 0 : GEN(committed[n]))
#define OTHER_COMMITTED(n, p)                                                 \
	(decision[n] != EMPTY && SAME_GENERATION(p, committed[n]) && p != committed[n])
#define OTHER_STAGED(n, p) (STAGED_GENERATION(n, p) && p != staged[n])
#define STAGED_GENERATION(n, p) (stage[n] != NONE && SAME_GENERATION(p, staged[n]))

/* B hands on what it has heard, which is news to it even if nothing else changes. */
#ifdef LIVENESS
#define RELAYS_DECISION(n, phase) (n == B && relay_decision != phase)
#define RELAYS_PHASE(n, phase) (n == B && relay_phase < phase)
#else
#define RELAYS_DECISION(n, phase) false /* the channel has it already */
#define RELAYS_PHASE(n, phase) false
#endif

/* Would the slot change anything? What would not, is not heard: so every run can end. */
#define NEWS_COMMITTED(n, phase, p)                                           \
	(phase != EMPTY && GEN(p) >= DECIDED_GENERATION(n) &&                 \
	(OTHER_COMMITTED(n, p) -> conflict[n] != p :                          \
	(GEN(p) > DECIDED_GENERATION(n) || RELAYS_DECISION(n, phase) ||       \
	(phase == CONFIRMED && decision[n] == COMMIT && LIVE(n)))))

inline decide(n, p)
{
	highest[n] = MAX(highest[n], GEN(p));
#ifdef FAULT_READY_WITHOUT_DIGEST
	if
	:: stage[n] == HELD && SAME_GENERATION(staged[n], p) ->
		exchange_commit(n, staged[n], true)
	:: else -> exchange_commit(n, p, false)
	fi;
#else
	exchange_commit(n, p, (stage[n] == HELD && staged[n] == p));
#endif
	says_live(n)
}

inline slave_confirm(n)
{
	CHECK(confirmed_only_by_the_master, IN(committed[n], said_confirmed));
	exchange_confirm(n)
}

inline hear_committed(n, phase, p)
{
	if
	:: OTHER_COMMITTED(n, p) -> conflict[n] = p
	:: else ->
#ifdef LIVENESS
		relay_decision = (n == B -> phase : relay_decision);
#endif
		if
		:: GEN(p) > DECIDED_GENERATION(n) -> decide(n, p)
		:: else
		fi;
		if
		:: phase == CONFIRMED && decision[n] == COMMIT && LIVE(n) -> slave_confirm(n)
		:: else
		fi
	fi
}

#define NEWS_PROPOSED(n, phase, p)                                            \
	(phase != EMPTY && GEN(p) >= highest[n] && GEN(p) > DECIDED_GENERATION(n) && \
	(OTHER_STAGED(n, p) -> conflict[n] != p :                             \
	(!STAGED_GENERATION(n, p) || RELAYS_PHASE(n, phase) ||                \
	(phase == ABORT && stage[n] != ABORTED))))

/* dec_keys is called once for a proposal: what does not come, or comes too late, is lost. */
inline take_up(n, p)
{
#if !DISK_LOSS
	CHECK(key_fetched_once, !IN(p, was_fetched[n]));
	was_fetched[n] = was_fetched[n] | ONLY(p);
#endif
	stage[n] = FETCHING;
	staged[n] = p;
	highest[n] = GEN(p);
	prepared[n] = false;
	conflict[n] = NO_PROPOSAL;
	fetching[n] = true;
#ifdef LIVENESS
	refused[n] = false;
	relay_phase = (n == B -> EMPTY : relay_phase)
#endif
}

/* What was undecided is dropped, and out of the device, before the next one is put on record. */
inline drop_staged(n)
{
	stage[n] = ABORTED;
	prepared[n] = false;
	fetching[n] = false
}

inline give_up_as_told(n, p)
{
	drop_staged(n);
	staged[n] = p;
	highest[n] = GEN(p)
}

inline hear_proposed(n, phase, p)
{
	if
	:: OTHER_STAGED(n, p) -> conflict[n] = p
	:: !STAGED_GENERATION(n, p) && UNDECIDED(n) -> drop_staged(n) /* and p is still news */
	:: else ->
		if
		:: phase == ABORT -> give_up_as_told(n, p)
		:: phase == PREPARE && !STAGED_GENERATION(n, p) -> take_up(n, p)
		:: else
		fi;
#ifdef LIVENESS
		relay_phase = (n == B -> phase : relay_phase)
#endif
	fi
}

inline slave_keys(n)
{
	fetching[n] = false;
	stage[n] = HELD;
	if
	:: decision[n] == COMMIT && SAME_GENERATION(committed[n], staged[n]) ->
		held[n] = (committed[n] == staged[n])
	:: else
	fi
}

#ifdef LIVENESS
/* The slots as the station above advertises them now: the master's own, or B's relayed. */
#define OWN_PHASE                                                             \
	(GEN(staged[M]) <= GEN(committed[M]) -> EMPTY :                       \
	(stage[M] == HELD -> PREPARE :                                        \
	(stage[M] == ABORTED && IN(staged[M], said_prepare) -> ABORT : EMPTY)))
#define RELAYED_DECISION (relay_decision != EMPTY -> relay_decision : decision[B])

hidden byte slot_phase; /* only within a step */

#define UP_DECISION(n) (n == B -> decision[M] : RELAYED_DECISION)
#define UP_PHASE(n) (n == B -> OWN_PHASE : relay_phase)
#define UP_COMMITTED(n) committed[n - 1]
#define UP_STAGED(n) staged[n - 1]
#endif

/* ---- crashes, and what comes after them (section 5.4) --------------------------------------- */

inline forget_memory(n)
{
	fetching[n] = false;
	conflict[n] = NO_PROPOSAL;
#ifdef STALE_DEVICES
	up_has[n] = 0;
	up_uses[n] = NO_PROPOSAL;
	down_has[n] = 0;
	down_uses[n] = NO_PROPOSAL;
#endif
#ifdef LIVENESS
	refused[n] = false;
	relay_decision = (n == B -> EMPTY : relay_decision);
	relay_phase = (n == B -> EMPTY : relay_phase);
#endif
	prepared[n] = false
}

inline master_restarts()
{
#ifdef FAULT_REUSE_GENERATION
	if
	:: stage[M] == FETCHING ->
		highest[M]--;
		stage[M] = NONE;
		staged[M] = NO_PROPOSAL
	:: else
	fi;
#endif
	forget_memory(M);
#ifdef FAULT_ABORT_FORGOTTEN
	if
	:: stage[M] == ABORTED && IN(staged[M], said_prepare) -> stage[M] = HELD
	:: UNDECIDED(M) -> master_gives_up()
	:: else
	fi
#else
	if
	:: UNDECIDED(M) -> master_gives_up()
	:: else
	fi
#endif
}

inline slave_restarts(n)
{
	forget_memory(n); /* a key that was asked for and has not come: failed, interrupted */
#ifdef FAULT_NO_SEAL
	if
	:: stage[n] == HELD && UNDECIDED(n) -> stage[n] = FETCHING
	:: else
	fi
#endif
}

inline lose_disk(n)
{
	disks--;
	highest[n] = 0;
	stage[n] = NONE;
	staged[n] = NO_PROPOSAL;
	decision[n] = EMPTY;
	committed[n] = NO_PROPOSAL;
	held[n] = false;
	forget_memory(n)
}

/* ---- the processes -------------------------------------------------------------------------- */

/* What a node and its device do whatever its role. */
#define DEVICE_STEPS(n)                                                       \
	:: d_step { COMMIT_DUE(n) -> install(n, committed[n]) }               \
	:: d_step { UNUSED(n) -> mka_drops_unused(n) }                        \
	:: d_step { RETIRE_DUE(n) -> retire(n) }

#ifdef STALE_DEVICES
#define HEAR_UP(n)                                                            \
	:: d_step { up_has[n] != (has[n - 1] | KNOWN) || up_uses[n] != USES(n - 1) -> hear_up(n) }
#define HEAR_DOWN(n)                                                          \
	:: d_step { down_has[n] != (has[n + 1] | KNOWN) || down_uses[n] != USES(n + 1) -> \
			hear_down(n) }
#else
#define HEAR_UP(n)
#define HEAR_DOWN(n)
#endif

proctype Master()
{
end:	do
	:: d_step { MAY_PROPOSE(NEXT_GENERATION) -> next = NEXT_GENERATION; propose(next) }
	:: d_step { MAY_DIFFER && PROPOSAL_LEFT(NEXT_GENERATION) && MAY_FAIL ->
			SPEND; next = NEXT_GENERATION; propose(next) }
#if DISK_LOSS
	/* Statuses from before the members heard of the last one. */
	:: d_step { master_disk_lost && highest[M] + 1 < NEXT_GENERATION && MAY_FAIL &&
			MAY_PROPOSE(highest[M] + 1) ->
				SPEND; next = highest[M] + 1; propose(next) }
#endif
	:: d_step { stage[M] == FETCHING -> master_keys() }
	/* Its KME, its device, its disk or the time has failed it. */
	:: d_step { UNDECIDED(M) && MAY_FAIL -> SPEND; master_gives_up() }
#ifdef LIVENESS
	:: d_step { UNDECIDED(M) && (HAS_FAILED(B, staged[M]) || HAS_FAILED(C, staged[M])) ->
			master_gives_up() }
	:: atomic { timeout && UNDECIDED(M) -> master_gives_up() } /* not all are READY in time */
#endif
	:: d_step { MASTER_COMMIT_DUE -> master_commit() }
	:: d_step { MASTER_CONFIRM_DUE -> master_confirm() }
	HEAR_DOWN(M)
	DEVICE_STEPS(M)
	:: d_step { MAY_FAIL -> SPEND; master_restarts() }
#if DISK_LOSS
	:: d_step { MAY_LOSE_DISK -> lose_disk(M); master_disk_lost = true }
#endif
	od
}

/* Anything that the master ever said, again, at any time. */
#define OLD_SLOT(n, set, hear, news, phase, p)                                \
	:: d_step { IN(p, set) && news(n, phase, p) && MAY_FAIL -> SPEND; hear(n, phase, p) }
#define OLD_SLOTS(n, p)                                                       \
	OLD_SLOT(n, said_prepare, hear_proposed, NEWS_PROPOSED, PREPARE, p)   \
	OLD_SLOT(n, said_abort, hear_proposed, NEWS_PROPOSED, ABORT, p)       \
	OLD_SLOT(n, said_commit, hear_committed, NEWS_COMMITTED, COMMIT, p)   \
	OLD_SLOT(n, said_confirmed, hear_committed, NEWS_COMMITTED, CONFIRMED, p)

#ifdef LIVENESS
#define PRESENT_SLOTS(n)                                                      \
	:: d_step { NEWS_COMMITTED(n, UP_DECISION(n), UP_COMMITTED(n)) ->     \
			slot_phase = UP_DECISION(n);                          \
			hear_committed(n, slot_phase, UP_COMMITTED(n)) }      \
	:: d_step { NEWS_PROPOSED(n, UP_PHASE(n), UP_STAGED(n)) ->            \
			slot_phase = UP_PHASE(n);                             \
			hear_proposed(n, slot_phase, UP_STAGED(n)) }
#define DEVICE_REFUSES(n)                                                     \
	:: d_step { PREPARE_DUE(n) && MAY_FAIL -> SPEND; refused[n] = true }
#else
#define PRESENT_SLOTS(n) /* are among the old ones */
#define DEVICE_REFUSES(n)
#endif

#define SLAVE_STEPS(n)                                                        \
	PRESENT_SLOTS(n)                                                      \
	OLD_SLOTS(n, PROPOSAL(1, 0))                                          \
	OLD_SLOTS(n, PROPOSAL(1, 1))                                          \
	OLD_SLOTS(n, PROPOSAL(2, 0))                                          \
	OLD_SLOTS(n, PROPOSAL(2, 1))                                          \
	OLD_SLOTS(n, PROPOSAL(3, 0))                                          \
	OLD_SLOTS(n, PROPOSAL(3, 1))                                          \
	:: d_step { fetching[n] -> slave_keys(n) }                            \
	:: d_step { fetching[n] && MAY_FAIL -> SPEND; fetching[n] = false }   \
	:: d_step { PREPARE_DUE(n) -> device_prepared(n) }                    \
	DEVICE_REFUSES(n)                                                     \
	:: d_step { MAY_FAIL -> SPEND; slave_restarts(n) }                    \
	:: d_step { MAY_LOSE_DISK -> lose_disk(n) }

#ifdef FAULT_READY_TIMEOUT
#define SLAVE_FAULTS(n)                                                       \
	:: d_step { stage[n] == HELD && UNDECIDED(n) -> give_up_as_told(n, staged[n]) }
#elif defined(FAULT_APPLY_ON_PREPARE)
#define SLAVE_FAULTS(n)                                                       \
	:: d_step { stage[n] == HELD && prepared[n] && !IN(staged[n], has[n]) ->  \
			install(n, staged[n]) }
#else
#define SLAVE_FAULTS(n)
#endif

proctype SlaveB()
{
end:	do
	SLAVE_STEPS(B)
	SLAVE_FAULTS(B)
	HEAR_UP(B)
	HEAR_DOWN(B)
	DEVICE_STEPS(B)
	od
}

proctype SlaveC()
{
end:	do
	SLAVE_STEPS(C)
	SLAVE_FAULTS(C)
	HEAR_UP(C)
	DEVICE_STEPS(C)
	od
}

/* ---- what the whole must show --------------------------------------------------------------- */

#define SETTLED(n) (decision[n] == CONFIRMED && committed[n] == committed[M] && LIVE(n))
#define ALL_SETTLED (SETTLED(M) && SETTLED(B) && SETTLED(C))
#define FAULTS_USED (FAULTS - faults + DISK_LOSS - disks)

#ifdef LIVENESS
/*
 * Nothing can happen any more: all agree, and no fault has cost more than one
 * generation. That no run goes on for ever is for the search for cycles to say.
 */
#define ENDS_WELL                                                             \
	((ALL_SETTLED || (COUNT(said_confirmed) == 0 && !DISK_WAS_LOST)) &&   \
	COUNT(said_confirmed) + FAULTS_USED >= GENERATIONS)
#endif

proctype World()
{
end:	do
	:: d_step { !DISK_WAS_LOST && ((decision[B] == COMMIT && SHOWS_LOST(B)) ||
			(decision[C] == COMMIT && SHOWS_LOST(C))) ->
		CHECK(never_lost, false) }
#ifdef LIVENESS
	:: timeout && !UNDECIDED(M) -> CHECK(invariant_3_agreement, ENDS_WELL); break
#endif
	od
}

init
{
	atomic {
		run Master();
		run SlaveB();
		run SlaveC();
		run World()
	}
}
