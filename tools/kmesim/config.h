/* What a simulated network consists of, read from a JSON file. */
#ifndef KMESIM_CONFIG_H
#define KMESIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_KMES_MAX 16
#define SIM_SAES_MAX 64 /* each is a bit of a uint64_t */
#define SIM_ID_MAX 64
#define SIM_TEXT_MAX 256

struct sim_kme {
	char *id;
	char *address; /* numeric */
	uint16_t port; /* 0 = any free one */
	char *netns;   /* network namespace of the listener, as in ip-netns(8), or NULL */
	char *certificate_file;
	char *private_key_file;
};

struct sim_sae {
	char *id;   /* the CN of its certificate */
	size_t kme; /* the only one that serves it */
};

struct sim_config {
	char *control; /* path of the control socket */
	char *ca_file; /* who signs the SAEs' certificates */
	char *keys_file;
	/* What status reports (Table 9); sizes in bits. */
	int key_size;
	int min_key_size;
	int max_key_size;
	int max_key_per_request;
	int max_sae_id_count;
	int stored_key_count;
	size_t kme_count;
	struct sim_kme kmes[SIM_KMES_MAX];
	size_t sae_count;
	struct sim_sae saes[SIM_SAES_MAX];
};

/* Returns 0, or -1 with one line in error. sim_config_fini() is due after either. */
int sim_config_load(struct sim_config *config, const char *path, char error[static SIM_TEXT_MAX]);
void sim_config_fini(struct sim_config *config);

/* Returns an index of config->saes, or -1. */
int sim_config_find_sae(const struct sim_config *config, const char *id);

#endif
