/* Whether the configuration can be used, and whether secrets in it are read by everybody. */
#include "doctor.h"

#include "config/options.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char default_file[] = "/etc/anyport.conf";
static const char warning[] = "warning: ";

/* A line each, as `anyport -t` says them. */
static void tell_complaints(struct doctor *d, const char *file, char *complaints)
{
	char *rest = NULL;

	for (char *line = strtok_r(complaints, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		bool is_warning = strncmp(line, warning, strlen(warning)) == 0;

		doctor_find(d, is_warning ? DOCTOR_WARNING : DOCTOR_ERROR,
			    mem_printf("mend it there; `anyport -t%s%s` looks at the configuration "
				       "alone",
				       file != NULL ? " -c " : "", file != NULL ? file : ""),
			    "%s", is_warning ? line + strlen(warning) : line);
	}
}

/* The key of a secret that stands in the file itself; NULL: none does. */
static const char *secret_in_file(const struct config *c)
{
	for (size_t i = 0; i < config_option_count; i++) {
		if (config_options[i].is_secret && c->origins[i].kind == ORIGIN_FILE)
			return config_options[i].key;
	}
	return NULL;
}

static void look_secrets(struct doctor *d, const struct config *c, const char *file)
{
	const char *key = secret_in_file(c);
	struct stat s;

	if (key != NULL && stat(file, &s) == 0 && (s.st_mode & S_IROTH) != 0)
		doctor_find(d, DOCTOR_WARNING, mem_printf("chmod o-r %s", file),
			    "%s holds %s, and everybody on this machine may read it", file, key);
}

void doctor_configuration(struct doctor *d, struct config **config)
{
	const char *file = cli_get(d->cli, "config");
	char *complaints = NULL;
	size_t size;
	FILE *out = open_memstream(&complaints, &size);

	if (out == NULL)
		abort(); /* out of memory */
	if (file == NULL && access(default_file, F_OK) == 0)
		file = default_file;
	*config = config_load(file, out);
	fclose(out);
	tell_complaints(d, file, complaints);
	if (*config != NULL && file != NULL)
		look_secrets(d, *config, file);
	free(complaints);
}
