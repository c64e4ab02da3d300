#include "image.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

// libstdc++'s demangler, as its own terminate handler calls it: it takes no memory. Weak, since a shared libstdc++,
// which a server with modules linked into it may use, keeps the name to itself; the static one has it wherever that
// handler is.
extern "C" [[gnu::weak]] int __gcclibcxx_demangle_callback(const char* mangled,
                                                           void (*piece)(const char*, std::size_t, void*),
                                                           void* argument);

namespace redismodule::detail {
namespace {

constexpr int most_frames = 64;

struct image {
  std::uintptr_t base = 0, end = 0;
  const unsigned char* id = nullptr;
  std::size_t id_size = 0;
};

constexpr std::size_t to_word(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

// Looks for the build id in a run of ELF notes.
void read_notes(const unsigned char* at, std::size_t size, image& found) noexcept {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    const auto whole = sizeof note + to_word(note.n_namesz) + to_word(note.n_descsz);
    if (whole > size) return;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(at + sizeof note, "GNU", 4) == 0) {
      found.id = at + sizeof note + to_word(note.n_namesz);
      found.id_size = note.n_descsz;
      return;
    }
    at += whole;
    size -= whole;
  }
}

int find_own_image(dl_phdr_info* info, std::size_t, void* result) noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(&find_own_image);
  image candidate{info->dlpi_addr, info->dlpi_addr};
  bool is_own = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    const auto start = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD) {
      is_own = is_own || (here >= start && here - start < part.p_memsz);
      candidate.end = std::max<std::uintptr_t>(candidate.end, start + part.p_memsz);
    }
    if (part.p_type == PT_NOTE && !candidate.id) {
      read_notes(reinterpret_cast<const unsigned char*>(start), part.p_memsz, candidate);
    }
  }
  if (!is_own) return 0;
  *static_cast<image*>(result) = candidate;
  return 1;
}

image own_image() noexcept {
  image found;
  dl_iterate_phdr(find_own_image, &found);
  return found;
}

// The module's file, mapped whole.
class mapped_file {
 public:
  explicit mapped_file(const char* path) noexcept {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* at = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (at != MAP_FAILED) at_ = static_cast<const unsigned char*>(at);
    }
    close(file);
  }
  ~mapped_file() {
    if (at_) munmap(const_cast<unsigned char*>(at_), size_);
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;

  // `count` objects at `offset`, or null where the file does not hold them.
  template <class Object>
  const Object* get(std::uint64_t offset, std::uint64_t count = 1) const noexcept {
    if (!at_ || offset > size_ || count > (size_ - offset) / sizeof(Object) || offset % alignof(Object) != 0)
      return nullptr;
    return reinterpret_cast<const Object*>(at_ + offset);
  }

 private:
  const unsigned char* at_ = nullptr;
  std::size_t size_ = 0;
};

struct symbol_table {
  const ElfW(Sym) * symbols = nullptr;
  std::size_t count = 0;
  const char* names = nullptr;
  std::size_t names_size = 0;
};

bool is_same_build(const mapped_file& file, const ElfW(Shdr) * sections, std::size_t count, const image& own) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (sections[i].sh_type != SHT_NOTE) continue;
    image in_file;
    const auto* notes = file.get<unsigned char>(sections[i].sh_offset, sections[i].sh_size);
    if (notes) read_notes(notes, sections[i].sh_size, in_file);
    if (in_file.id) return in_file.id_size == own.id_size && std::memcmp(in_file.id, own.id, own.id_size) == 0;
  }
  return false;
}

symbol_table symbols_of(const mapped_file& file, const image& own) noexcept {
  const auto* header = file.get<ElfW(Ehdr)>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || !own.id) return {};
  const auto* sections = file.get<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
  if (!sections || !is_same_build(file, sections, header->e_shnum, own)) return {};
  for (std::size_t i = 0; i < header->e_shnum; ++i) {
    const auto& section = sections[i];
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= header->e_shnum) continue;
    const auto& strings = sections[section.sh_link];
    symbol_table table;
    table.count = section.sh_size / sizeof(ElfW(Sym));
    table.symbols = file.get<ElfW(Sym)>(section.sh_offset, table.count);
    table.names = file.get<char>(strings.sh_offset, strings.sh_size);
    table.names_size = strings.sh_size;
    if (table.symbols && table.names && table.names_size && table.names[table.names_size - 1] == '\0') return table;
  }
  return {};
}

const ElfW(Sym) * function_at(const symbol_table& table, std::uintptr_t offset) noexcept {
  for (std::size_t i = 0; i < table.count; ++i) {
    const auto& symbol = table.symbols[i];
    if ((symbol.st_info & 0xf) != STT_FUNC || symbol.st_name >= table.names_size) continue;
    if (offset >= symbol.st_value && offset - symbol.st_value < symbol.st_size) return &symbol;
  }
  return nullptr;
}

// One line of text of bounded length.
struct text_line {
  char text[512] = {};
  std::size_t size = 0;

  void add(const char* piece, std::size_t length) noexcept {
    length = std::min(length, sizeof text - 1 - size);
    std::memcpy(text + size, piece, length);
    size += length;
  }
  void add_hex(const char* before, std::uintptr_t value) noexcept {
    char digits[32];
    const int length = std::snprintf(digits, sizeof digits, "%s0x%zx", before, static_cast<std::size_t>(value));
    add(digits, static_cast<std::size_t>(length));
  }
  static void add_piece(const char* piece, std::size_t length, void* line) noexcept {
    static_cast<text_line*>(line)->add(piece, length);
  }
};

void add_name(text_line& line, const char* mangled) noexcept {
  text_line name;
  const bool is_demangled = __gcclibcxx_demangle_callback != nullptr &&
                            __gcclibcxx_demangle_callback(mangled, text_line::add_piece, &name) == 0;
  if (is_demangled) return line.add(name.text, std::min<std::size_t>(name.size, 400));
  line.add(mangled, std::min<std::size_t>(std::strlen(mangled), 400));
}

struct frames {
  image own;
  std::uintptr_t offsets[most_frames];
  int count = 0;
  bool has_left = false;  // the innermost frames are those that ask
};

_Unwind_Reason_Code collect(_Unwind_Context* context, void* argument) noexcept {
  auto& collected = *static_cast<frames*>(argument);
  int is_exact = 0;
  const std::uintptr_t address = _Unwind_GetIPInfo(context, &is_exact);
  if (address < collected.own.base || address >= collected.own.end) {
    collected.has_left = true;
    return _URC_NO_REASON;
  }
  if (!collected.has_left) return _URC_NO_REASON;
  // A return address may already lie behind the calling function.
  collected.offsets[collected.count++] = address - collected.own.base - (is_exact ? 0 : 1);
  return collected.count == most_frames ? _URC_END_OF_STACK : _URC_NO_REASON;
}

}  // namespace

build_id own_build_id() noexcept {
  build_id result;
  const auto own = own_image();
  for (std::size_t i = 0; i < own.id_size && i < sizeof result.digits / 2; ++i) {
    std::snprintf(result.digits + 2 * i, 3, "%02x", own.id[i]);
  }
  return result;
}

void visit_own_frames(void (*visit)(const char*, void*), void* argument) noexcept {
  frames collected;
  collected.own = own_image();
  _Unwind_Backtrace(collect, &collected);
  Dl_info loaded;
  if (dladdr(reinterpret_cast<void*>(&visit_own_frames), &loaded) == 0 || !loaded.dli_fname) return;
  const mapped_file file{loaded.dli_fname};
  const auto table = symbols_of(file, collected.own);
  const char* slash = std::strrchr(loaded.dli_fname, '/');
  const char* name = slash ? slash + 1 : loaded.dli_fname;
  for (int i = 0; i < collected.count; ++i) {
    text_line line;
    line.add(name, std::min<std::size_t>(std::strlen(name), 80));
    line.add_hex("+", collected.offsets[i]);
    if (const auto* symbol = function_at(table, collected.offsets[i])) {
      line.add(" ", 1);
      add_name(line, table.names + symbol->st_name);
      line.add_hex("+", collected.offsets[i] - symbol->st_value);
    }
    visit(line.text, argument);
  }
}

void keep_mapped() noexcept {
  Dl_info loaded;
  if (dladdr(reinterpret_cast<void*>(&keep_mapped), &loaded) == 0 || !loaded.dli_fname) return;
  dlopen(loaded.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace redismodule::detail
