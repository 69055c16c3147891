/* compiler.h - the few words that C11 lacks. */
#ifndef UTIL_COMPILER_H
#define UTIL_COMPILER_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* The struct that has *ptr as its member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Memory must not be used again then, so that what outlives its owner is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED true
#endif
#endif
#ifndef ADDRESS_SANITIZED
#define ADDRESS_SANITIZED false
#endif

#endif
