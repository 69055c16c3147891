/* anyport - one gateway node: its command line. */
#include "kafka/api.h"
#include "loop/thread.h"
#include "program/program.h"
#include "util/log.h"
#include "util/logsink.h"

#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("usage: anyport [-c FILE] [-t | --print-config]\n"
	      "One node of the Kafka gateway that stands behind HAProxy.\n\n"
	      "  -c, --config FILE  read options from FILE (libconfig); the environment wins\n"
	      "  -t, --test         check the configuration and exit: 0 good, 1 not\n"
	      "      --print-config print the effective configuration and exit\n"
	      "      --version      print the version and exit\n"
	      "  -h, --help         print this and exit\n\n"
	      "example: KAFKA_BOOTSTRAP_SERVERS=broker1:9092 anyport -c /etc/anyport.conf\n\n",
	      out);
	config_help(out);
}

/* The log has a thread of its own: it ends with the process, for nobody knows whether it can. */
static int run(struct config *config)
{
	pthread_t log;
	int status;

	thread_start(&log, "log", logsink_write_all, NULL);
	pthread_detach(log);
	logsink_keep();
	status = program_run(config);
	log_flush();
	return status;
}

static struct config *load(const char *file, char **said)
{
	size_t size;
	FILE *out = open_memstream(said, &size);
	struct config *config;

	if (out == NULL)
		abort();
	config = config_load(file, out);
	fclose(out);
	return config;
}

/* What is strange in the configuration, as it was said: in a log of objects each line is one. */
static void tell_strange(char *said, bool as_log)
{
	char *rest = NULL;

	if (!as_log)
		fputs(said, stderr);
	for (char *line = as_log ? strtok_r(said, "\n", &rest) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		log_warn("who=main event=configuration reason=\"%s\"", line);
}

int main(int argc, char **argv)
{
	enum { PRINT_CONFIG = 256, VERSION };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "print-config", no_argument, NULL, PRINT_CONFIG },
		{ "version", no_argument, NULL, VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = NULL;
	struct config *config;
	enum log_level level;
	int option, only = 0, status = 0;
	char *said;

	while ((option = getopt_long(argc, argv, "c:th", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 't':
		case PRINT_CONFIG:
			only = option;
			break;
		case VERSION:
			puts("anyport " ANYPORT_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "anyport: unexpected argument %s\n", argv[optind]);
		return 2;
	}
	config = load(file, &said);
	if (config == NULL) {
		fputs(said, stderr);
		free(said);
		return 1;
	}
	if (!apis_compile(stderr))
		return 1;
	if (log_level_parse(config->log_level, &level) == 0)
		log_set_level(level);
	log_set_format(config->log_format);
	logsink_open(config->log_target, "anyport");
	tell_strange(said, only == 0 && config->log_format == LOG_JSON);
	free(said);
	if (only == PRINT_CONFIG)
		config_print(config, stdout);
	if (only == 't')
		status = program_check(config);
	if (only == 0)
		status = run(config);
	else
		config_free(config);
	apis_free();
	return status;
}
