/* kafka_error.h - what Kafka calls its error codes (`Errors` of Kafka 4.4), for people to look up.
 *
 * Tests: tests/unit/tools/kafka_error_test.c
 */
#ifndef TOOLS_KAFKA_ERROR_H
#define TOOLS_KAFKA_ERROR_H

/* "TOPIC_AUTHORIZATION_FAILED"; of a code that came later: words that say so.  Never NULL. */
const char *kafka_error_name(int error);

#endif
