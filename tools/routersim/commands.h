/* routersim's subcommands: argv[0] is the name; each returns the exit status. */
#ifndef ROUTERSIM_COMMANDS_H
#define ROUTERSIM_COMMANDS_H

int cmd_serve(const char *dir);
int cmd_init(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_clock(int argc, char **argv);
int cmd_fault(int argc, char **argv);
int cmd_clear(int argc, char **argv);

#endif
