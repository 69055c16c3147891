#include "http/client.h"

#include "util/mem.h"
#include "util/why.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static size_t on_body(char *bytes, size_t one, size_t n, void *owner)
{
	struct http_answer *answer = owner;

	(void)one; /* always 1 */
	if (answer->size + n > HTTP_CLIENT_BODY_MAX)
		return 0; /* curl ends with an error */
	answer->body = mem_realloc(answer->body, answer->size + n + 1);
	memcpy(answer->body + answer->size, bytes, n);
	answer->size += n;
	answer->body[answer->size] = '\0';
	return n;
}

static struct curl_slist *headers(const struct http_extra *extra)
{
	struct curl_slist *list = NULL;
	char line[600];

	if (extra->token != NULL) {
		snprintf(line, sizeof line, "Authorization: Bearer %s", extra->token);
		list = curl_slist_append(list, line);
	}
	if (extra->body != NULL) {
		snprintf(line, sizeof line, "Content-Type: %s",
			 extra->type != NULL ? extra->type : "application/json");
		list = curl_slist_append(list, line);
	}
	if (extra->header != NULL)
		list = curl_slist_append(list, extra->header);
	return list;
}

static void set_authorities(CURL *curl, const char *ca)
{
	struct stat s;
	bool is_folder = stat(ca, &s) == 0 && S_ISDIR(s.st_mode);

	if (is_folder)
		curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(curl, is_folder ? CURLOPT_CAPATH : CURLOPT_CAINFO, ca);
}

static void set_extra(CURL *curl, const struct http_extra *extra)
{
	if (extra->body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, extra->body);
	if (extra->ca != NULL)
		set_authorities(curl, extra->ca);
	if (extra->ignores_names)
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	if (extra->user == NULL)
		return;
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(curl, CURLOPT_USERNAME, extra->user);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, extra->password != NULL ? extra->password : "");
}

static void keep_type(CURL *curl, struct http_answer *answer)
{
	char *type = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
		snprintf(answer->type, sizeof answer->type, "%s", type);
}

/* Why there is no answer, as people say it. */
static const char *reason(CURLcode code, long timeout_ms, char words[WHY_WORDS_MAX])
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the name does not resolve";
	case CURLE_COULDNT_CONNECT:
		return "nobody listens there, or no way leads there";
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(words, WHY_WORDS_MAX, "no whole answer within %ld ms", timeout_ms);
		return words;
	case CURLE_GOT_NOTHING:
		return "the connection was closed instead of an answer";
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return "the connection was lost before the answer's end";
	case CURLE_WRITE_ERROR: /* on_body had enough */
		snprintf(words, WHY_WORDS_MAX, "an answer of more than %d MiB",
			 HTTP_CLIENT_BODY_MAX >> 20);
		return words;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "that is no address of an HTTP API, or what answers is not HTTP";
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
		return "what answers is not HTTP";
	case CURLE_SSL_CONNECT_ERROR:
		return "it does not speak TLS, or not as this side does";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its certificate is not to be trusted";
	case CURLE_SSL_CACERT_BADFILE:
		return "the file of authorities can't be used";
	default:
		snprintf(words, WHY_WORDS_MAX, "it could not be asked (error %d of libcurl)",
			 (int)code);
		return words;
	}
}

void http_base(char *to, size_t size, const char *place)
{
	snprintf(to, size, "%s%s", strstr(place, "://") != NULL ? "" : "http://", place);
}

bool http_ask(const char *method, const char *url, const struct http_extra *extra, long timeout_ms,
	      struct http_answer *answer, char why[HTTP_CLIENT_WHY_MAX])
{
	static const struct http_extra nothing = { 0 };
	CURL *curl = curl_easy_init();
	struct curl_slist *list = headers(extra != NULL ? extra : &nothing);
	char words[WHY_WORDS_MAX];
	CURLcode code;

	memset(answer, 0, sizeof *answer);
	answer->body = mem_strdup("");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (extra != NULL)
		set_extra(curl, extra);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		snprintf(why, HTTP_CLIENT_WHY_MAX, "%.250s: %s", url,
			 reason(code, timeout_ms, words));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	keep_type(curl, answer);
	curl_slist_free_all(list);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK)
		return true;
	http_answer_free(answer);
	return false;
}

void http_answer_free(struct http_answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

/* With what the answer itself says of it, if it is one of ours: {"error": "..."}. */
static void say_refused(char why[HTTP_CLIENT_WHY_MAX], const char *url,
			const struct http_answer *answer)
{
	json_t *body = json_loads(answer->body, 0, NULL);
	const char *said = json_string_value(json_object_get(body, "error"));

	snprintf(why, HTTP_CLIENT_WHY_MAX, "%.250s: status %ld%s%s", url, answer->status,
		 said != NULL ? ": " : "", said != NULL ? said : "");
	json_decref(body);
}

json_t *http_get_json(const char *base, const char *path, const struct http_extra *extra,
		      long timeout_ms, char why[HTTP_CLIENT_WHY_MAX])
{
	struct http_answer answer;
	json_error_t error;
	json_t *value = NULL;
	char url[1200];
	size_t n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		n--;
	snprintf(url, sizeof url, "%.*s%s", (int)n, base, path);
	if (!http_ask("GET", url, extra, timeout_ms, &answer, why))
		return NULL;
	if (answer.status != 200)
		say_refused(why, url, &answer);
	else if ((value = json_loads(answer.body, 0, &error)) == NULL)
		snprintf(why, HTTP_CLIENT_WHY_MAX, "%.250s: what answers is no JSON (line %d)", url,
			 error.line);
	http_answer_free(&answer);
	return value;
}
