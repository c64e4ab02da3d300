// What the probe's source files see of each other: neither knows the other's header.
#pragma once

// The functions of one source file that has an official header, under names that no header has.
struct header_probe {
  // Fills the header's pointers from our table, as a module's further source file does; 0 as the header's Init says.
  int (*initialize)();
  // Replies with a number through the header's pointer.
  int (*reply_with_number)(void* ctx, long long number);
  // Asks through the header's ACLCheckKeyPrefixPermissions; -1 if the header has none from us.
  int (*check_prefix)(void* user, const char* prefix, unsigned long size);
  // Whether the header's pointer for ReplyWithMap was filled.
  int (*has_reply_with_map)();
};

extern const header_probe redis_header;
extern const header_probe valkey_header;
