// SPDX-License-Identifier: BSD-3-Clause
// Avro's own C library reads what we write, and we read what it writes.
#include "avro_sample.hpp"
#include "random_value.hpp"

#include <catch2/catch_test_macros.hpp>

#include <avro.h>

#include <memory>
#include <string>

using namespace weir;

namespace {

std::string written(const sample::reading& x) {
  std::string out;
  avro::write(x, out);
  return out;
}

/// A value of the library's, by our schema.
class library_value {
public:
  library_value() {
    const std::string text = avro::schema_text<sample::reading>();
    if (avro_schema_from_json_length(text.data(), text.size(), &schema_) != 0) return;
    kind_ = avro_generic_class_from_schema(schema_);
    avro_generic_value_new(kind_, &value_);
  }
  library_value(const library_value&) = delete;
  library_value& operator=(const library_value&) = delete;
  ~library_value() {
    avro_value_decref(&value_);
    avro_value_iface_decref(kind_);
    avro_schema_decref(schema_);
  }

  bool read(const std::string& datum) {
    avro_reader_t from = avro_reader_memory(datum.data(), static_cast<std::int64_t>(datum.size()));
    const bool done = avro_value_read(from, &value_) == 0;
    avro_reader_free(from);
    return done;
  }
  std::string write() {
    std::string out(1 << 16, '\0');
    avro_writer_t to = avro_writer_memory(out.data(), static_cast<std::int64_t>(out.size()));
    const bool done = avro_value_write(to, &value_) == 0;
    out.resize(done ? static_cast<std::size_t>(avro_writer_tell(to)) : 0);
    avro_writer_free(to);
    return out;
  }

private:
  avro_schema_t schema_ = nullptr;
  avro_value_iface_t* kind_ = nullptr;
  avro_value_t value_{};
};

}  // namespace

TEST_CASE("Avro's C library reads what is written, and what it writes is read") {
  const auto schema = avro::schema::parse(avro::schema_text<sample::reading>()).value();
  const auto from = avro::reader<sample::reading>::make(schema).value();
  library_value other;
  sample::random_values dice{11};
  for (int i = 0; i < 1000; ++i) {
    auto x = dice.make<sample::reading>();
    x.day =
        std::chrono::sys_days{std::chrono::days{static_cast<std::int32_t>(dice.below(100'000))}};
    std::erase_if(x.counts, [](const auto& e) { return e.first.find('\0') != std::string::npos; });
    REQUIRE(other.read(written(x)));  // whose keys are C strings
    const std::string theirs = other.write();
    sample::reading back;
    REQUIRE(from.read(theirs, back));
    REQUIRE(back == x);
  }
}
