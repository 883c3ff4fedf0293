/* Watchers of names: who is told what, in which order whatever comes. */
#include "keyidd/netif_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALL (NETIF_CHANGE_IDENTITY | NETIF_CHANGE_STATE | NETIF_CHANGE_ADDRESS | NETIF_CHANGE_MTU)

static struct netif_table table;
static struct netif_watch eth1, other;
static unsigned told, told_other; /* since they were looked at last */

static void note(void *ctx, unsigned changes)
{
	*(unsigned *)ctx |= changes;
}

static unsigned take_told(unsigned *changes)
{
	unsigned result;

	netif_table_tell(&table);
	result = *changes;
	*changes = 0;
	return result;
}

/* ---- what the kernel says -------------------------------------------------------------------- */

static struct netif_message link_message(unsigned index, const char *name)
{
	struct netif_message message = { .index = index,
		.is_up = true,
		.has_carrier = true,
		.has_address = true,
		.address = { 2, 0, 0, 0, 0, (uint8_t)index },
		.has_mtu = true,
		.mtu = 1500 };

	snprintf(message.name, sizeof(message.name), "%s", name);
	return message;
}

static void news(unsigned index, const char *name)
{
	struct netif_message message = link_message(index, name);

	netif_table_take(&table, &message);
}

static void deleted(unsigned index)
{
	struct netif_message message = { .index = index, .is_deleted = true };

	netif_table_take(&table, &message);
}

static void part(unsigned index, const char *name)
{
	struct netif_message message = link_message(index, name);

	message.is_answer = true;
	netif_table_take(&table, &message);
}

static void answer(unsigned index, const char *name)
{
	netif_table_asked(&table);
	part(1, "lo");
	if (index != 0) {
		part(index, name);
	}
	netif_table_answered(&table);
}

static int set_up(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	eth1 = (struct netif_watch){ .name = "eth1", .changed = note, .ctx = &told };
	other = (struct netif_watch){ .name = "eth1", .changed = note, .ctx = &told_other };
	told = 0;
	told_other = 0;
	netif_table_add(&table, &eth1);
	return 0;
}

/* As above, with an interface that has been told of. */
static int set_up_there(void **state)
{
	set_up(state);
	answer(5, "eth1");
	take_told(&told);
	return 0;
}

/* ---- there or not ---------------------------------------------------------------------------- */

static void test_nothing_is_told_before_the_answer(void **state)
{
	(void)state;
	netif_table_asked(&table);
	part(1, "lo");
	assert_int_equal(take_told(&told), 0);
}

static void test_there_from_the_beginning(void **state)
{
	(void)state;
	answer(5, "eth1");
	assert_int_equal(take_told(&told), ALL);
	assert_int_equal(eth1.now.index, 5);
	assert_true(eth1.now.is_up);
	assert_true(eth1.now.has_carrier);
	assert_int_equal(eth1.now.address[5], 5);
	assert_int_equal(eth1.now.mtu, 1500);
	assert_int_equal(take_told(&told), 0);
}

static void test_missing_at_first(void **state)
{
	(void)state;
	answer(0, NULL);
	assert_int_equal(take_told(&told), NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 0);
	answer(0, NULL);
	assert_int_equal(take_told(&told), 0);
	news(6, "eth1");
	assert_int_equal(take_told(&told), ALL);
	assert_int_equal(eth1.now.index, 6);
}

static void test_each_watcher_of_a_name(void **state)
{
	(void)state;
	netif_table_add(&table, &other);
	answer(5, "eth1");
	assert_int_equal(take_told(&told_other), ALL);
	assert_int_equal(take_told(&told), ALL);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void test_only_what_has_changed_is_told(void **state)
{
	struct netif_message message = link_message(5, "eth1");

	(void)state;
	news(5, "eth1");
	assert_int_equal(take_told(&told), 0);
	message.has_carrier = false;
	netif_table_take(&table, &message);
	assert_int_equal(take_told(&told), NETIF_CHANGE_STATE);
	message.mtu = 9000;
	netif_table_take(&table, &message);
	assert_int_equal(take_told(&told), NETIF_CHANGE_MTU);
	message.address[0] ^= 4;
	netif_table_take(&table, &message);
	assert_int_equal(take_told(&told), NETIF_CHANGE_ADDRESS);
	message.has_address = false;
	message.has_mtu = false;
	netif_table_take(&table, &message);
	assert_int_equal(take_told(&told), 0);
	assert_int_equal(eth1.now.mtu, 9000);
}

static void test_no_carrier_while_down(void **state)
{
	struct netif_message message = link_message(5, "eth1");

	(void)state;
	message.is_up = false;
	netif_table_take(&table, &message);
	assert_int_equal(take_told(&told), NETIF_CHANGE_STATE);
	assert_false(eth1.now.has_carrier);
}

static void test_down_and_up_in_one_turn(void **state)
{
	struct netif_message message = link_message(5, "eth1");

	(void)state;
	message.is_up = false;
	netif_table_take(&table, &message);
	news(5, "eth1");
	assert_int_equal(take_told(&told), NETIF_CHANGE_STATE);
	assert_true(eth1.now.is_up);
}

static void test_deleted_and_made_again_in_one_turn(void **state)
{
	(void)state;
	deleted(5);
	news(5, "eth1");
	assert_true(take_told(&told) & NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 5);
}

static void test_deleted(void **state)
{
	(void)state;
	deleted(6);
	assert_int_equal(take_told(&told), 0);
	deleted(5);
	assert_int_equal(take_told(&told), NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 0);
	assert_int_equal(eth1.now.mtu, 0);
	assert_string_equal(eth1.now.taken_on, "");
}

static void test_renamed_and_the_name_taken(void **state)
{
	(void)state;
	news(5, "eth9");
	assert_int_equal(take_told(&told), NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 0);
	assert_string_equal(eth1.now.taken_on, "eth9");
	news(8, "eth1");
	assert_true(take_told(&told) & NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 8);
	news(5, "eth9"); /* which is no business of ours any more */
	deleted(5);
	assert_int_equal(take_told(&told), 0);
}

/* ---- lost messages --------------------------------------------------------------------------- */

/* Whether it was deleted and made again meanwhile with the same index, nobody knows. */
static void test_after_a_loss_it_is_another_one(void **state)
{
	(void)state;
	netif_table_lost(&table);
	answer(5, "eth1");
	assert_true(take_told(&told) & NETIF_CHANGE_IDENTITY);
	answer(5, "eth1");
	assert_int_equal(take_told(&told), 0);
}

static void test_deleted_in_a_loss(void **state)
{
	(void)state;
	netif_table_lost(&table);
	netif_table_asked(&table);
	news(5, "eth1"); /* of before the loss, and of before the answer */
	part(1, "lo");
	netif_table_answered(&table);
	assert_int_equal(take_told(&told), NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 0);
}

static void test_made_again_while_answering(void **state)
{
	(void)state;
	netif_table_lost(&table);
	netif_table_asked(&table);
	part(1, "lo"); /* its place in the answer is behind us */
	news(9, "eth1");
	netif_table_answered(&table);
	assert_true(take_told(&told) & NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 9);
}

static void test_renamed_while_answering(void **state)
{
	(void)state;
	netif_table_asked(&table);
	part(5, "eth1");
	news(5, "eth9");
	netif_table_answered(&table);
	assert_int_equal(take_told(&told), NETIF_CHANGE_IDENTITY);
	assert_int_equal(eth1.now.index, 0);
	assert_string_equal(eth1.now.taken_on, "eth9");
}

/* ---- removal --------------------------------------------------------------------------------- */

static void remove_both(void *ctx, unsigned changes)
{
	note(ctx, changes);
	netif_table_remove(&table, &eth1);
	netif_table_remove(&table, &other);
}

static void test_removed_while_told(void **state)
{
	(void)state;
	netif_table_add(&table, &other); /* is told first */
	other.changed = remove_both;
	answer(5, "eth1");
	assert_int_equal(take_told(&told_other), ALL);
	assert_int_equal(take_told(&told), 0);
	netif_table_remove(&table, &other);
	answer(0, NULL);
	assert_int_equal(take_told(&told_other), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define TEST_THERE(name) cmocka_unit_test_setup(name, set_up_there)
	static const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_told_before_the_answer),
		TEST(test_there_from_the_beginning),
		TEST(test_missing_at_first),
		TEST(test_each_watcher_of_a_name),
		TEST_THERE(test_only_what_has_changed_is_told),
		TEST_THERE(test_no_carrier_while_down),
		TEST_THERE(test_down_and_up_in_one_turn),
		TEST_THERE(test_deleted_and_made_again_in_one_turn),
		TEST_THERE(test_deleted),
		TEST_THERE(test_renamed_and_the_name_taken),
		TEST_THERE(test_after_a_loss_it_is_another_one),
		TEST_THERE(test_deleted_in_a_loss),
		TEST_THERE(test_made_again_while_answering),
		TEST_THERE(test_renamed_while_answering),
		TEST(test_removed_while_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
