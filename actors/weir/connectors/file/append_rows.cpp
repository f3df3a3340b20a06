// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/append_rows.hpp"

#include "weir/posix/descriptor.hpp"

#include <cstring>
#include <string_view>
#include <vector>

namespace weir::file {

namespace {

result<void> copy_lines(const posix::descriptor& from, const std::string& from_path,
                        const posix::descriptor& to, const std::string& to_path) {
  std::vector<char> buffer(1 << 20);
  std::size_t held = 0;
  for (;;) {
    const std::size_t got =
        posix::read_some(from, buffer.data() + held, buffer.size() - held, from_path);
    const std::string_view text{buffer.data(), held + got};
    const std::size_t last_line_end = text.rfind('\n');
    const bool all =
        got == 0 || last_line_end == text.npos;  // a line may be longer than the buffer
    const std::size_t n = all ? text.size() : last_line_end + 1;
    if (auto written = posix::write_all(to.get(), text.substr(0, n), to_path); !written || got == 0)
      return written;
    held = text.size() - n;
    std::memmove(buffer.data(), buffer.data() + n, held);
  }
}

}  // namespace

result<void> append_rows(const std::string& from, const std::string& to, std::uint64_t base) try {
  const auto source = posix::open_to_read(from);
  if (!source) return source.error();
  const std::uint64_t size = posix::status_of(to).value_or(posix::file_status{}).size;
  if (size < base)
    return error{errc::io_failed, "'" + to + "' lacks committed rows: it has " +
                                      std::to_string(size) + " of " + std::to_string(base) +
                                      " bytes; put the file back"};
  const auto target = posix::open_to_append(to);
  if (!target) return target.error();
  if (auto done = posix::cut(*target, base, to); !done) return done;
  if (auto done = copy_lines(*source, from, *target, to); !done) return done;
  return posix::sync(*target, to);
} catch (const exception& e) {
  return e.why();
}

}  // namespace weir::file
