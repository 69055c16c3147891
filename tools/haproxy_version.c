#include "haproxy_version.h"

#include "live/verdict.h"

#include <stdlib.h>

static void of_program(const char *program, struct version *version)
{
	if (program == NULL || !verdict_version(program, version))
		*version = VERSION_OLDEST;
}

int haproxy_version_read(const struct cli *cli, const char *program, struct version *version)
{
	const char *named = cli_get(cli, "for");
	char text[VERSION_TEXT_MAX], *here;

	if (named == NULL) {
		here = program == NULL ? verdict_program(NULL) : NULL;
		of_program(program != NULL ? program : here, version);
		free(here);
		return EXIT_DONE;
	}
	if (!version_parse(named, version))
		return cli_usage_error(cli, "--for %s: a version is written 3.0 or 3.0.11", named);
	if (version_compare(version, &VERSION_OLDEST) < 0)
		return cli_usage_error(cli,
				       "--for %s: HAProxy %s is the oldest that this is made for",
				       named, version_print(&VERSION_OLDEST, text));
	return EXIT_DONE;
}
