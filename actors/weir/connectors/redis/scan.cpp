// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/scan.hpp"

#include "weir/connectors/redis/pipe.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace weir::redis {

namespace {

/// A pattern of all keys with a prefix.
std::string pattern_of(const std::string& prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view{"*?[]\\^"}.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern += '*';
}

/// Whether the key of one hash is something else; no reply that says so is no reason to refuse.
result<void> check_type(const server& at, const server_options& options, const scanned& what) {
  if (what.what != scanned::kind::hash) return {};
  command_list ask;
  ask.add("TYPE", what.name);
  server_options quiet = options;
  quiet.log = [](const std::string&) {};
  const auto got = pipe{at, quiet}.run(ask);
  if (!got || got->front().failed()) return {};
  const std::string& type = got->front().text;
  if (type == "hash" || type == "none") return {};
  return error{errc::invalid_argument,
               at.shown() + ": '" + what.name + "' is a " + type + ", not a hash"};
}

class row_finder final : public source_enumerator {
public:
  row_finder(server at, server_options options, scanned what,
             std::shared_ptr<std::atomic<bool>> began)
      : at_(std::move(at)),
        options_(std::move(options)),
        what_(std::move(what)),
        began_(std::move(began)) {}

  result<std::vector<split>> discover() override {
    if (!began_->load()) {
      if (auto there = reach(at_, options_); !there) return there.error();
      if (auto fits = check_type(at_, options_, what_); !fits) return fits.error();
      began_->store(true);
    }
    return std::vector<split>{{what_.shown()}};
  }

private:
  server at_;
  server_options options_;
  scanned what_;
  std::shared_ptr<std::atomic<bool>> began_;
};

}  // namespace

std::string scanned::shown() const {
  switch (what) {
    case kind::hash:
      return "hash " + name;
    case kind::hashes:
      return "hashes " + name + "*";
    case kind::strings:
      break;
  }
  return "strings " + name + "*";
}

scan::scan(const server& at, const server_options& options, scanned what, std::size_t page,
           std::shared_ptr<thread_executor> on, std::function<void()> wake)
    : at_(at.shown()),
      what_(std::move(what)),
      page_(page),
      answers_(std::make_shared<answers>(std::move(wake))),
      from_(at, options, std::move(on)) {
  ask();
}

scan::state scan::take(std::vector<scanned_row>& to) {
  answers_->take(came_);
  for (const answers::one& a : came_) on_answer(a);
  came_.clear();
  if (rows_.empty()) return waits_ ? state::coming : state::ended;
  to.swap(rows_);
  if (!waits_ && !last_) ask();
  return state::rows;
}

/// Asks for the next page.
void scan::ask() {
  command_list next;
  if (what_.what == scanned::kind::hash)
    next.add("HSCAN", what_.name, cursor_, "COUNT", page_);
  else
    next.add("SCAN", cursor_, "MATCH", pattern_of(what_.name), "COUNT", page_, "TYPE",
             what_.what == scanned::kind::hashes ? "hash" : "string");
  send(std::move(next));
}

void scan::send(command_list commands) {
  waits_ = true;
  from_.send_noted(std::move(commands),
                   [to = answers_, number = ++asked_](replies got, std::uint64_t connection) {
                     to->put({number, std::move(got), connection});
                   });
}

void scan::on_answer(const answers::one& a) {
  waits_ = false;
  if (!a.got) throw exception(a.got.error());
  if (!keys_.empty()) {
    on_values(*a.got);
  } else if (cursor_ == begin || a.connection == connection_) {
    connection_ = a.connection;
    on_page(a.got->front());
  } else {
    cursor_ = begin;
  }
  // A page may be empty though others follow.
  if (rows_.empty() && !waits_ && !last_) ask();
}

void scan::on_page(const reply& page) {
  if (page.failed()) fail(page);
  if (page.items.size() != 2)
    throw exception({errc::decode_failed, at_ + ": " + what_.shown() + ": no page of rows"});
  cursor_ = page.items[0].text;
  last_ = cursor_ == begin;
  const std::vector<reply>& found = page.items[1].items;
  if (what_.what == scanned::kind::hash) {
    for (std::size_t i = 0; i + 1 < found.size(); i += 2) add(found[i].text, found[i + 1]);
    return;
  }
  if (found.empty()) return;
  command_list values;
  for (const reply& key : found) keys_.push_back(key.text);
  if (what_.what == scanned::kind::hashes) {
    for (const std::string& key : keys_) values.add("HGETALL", key);
  } else {
    values.begin(keys_.size() + 1);
    values.argument("MGET");
    for (const std::string& key : keys_) values.argument(key);
  }
  send(std::move(values));
}

void scan::on_values(const std::vector<reply>& got) {
  const bool strings = what_.what == scanned::kind::strings;
  if (strings && got.front().failed()) fail(got.front());
  const std::vector<reply>& values = strings ? got.front().items : got;
  for (std::size_t i = 0; i < std::min(values.size(), keys_.size()); ++i) {
    const reply& v = values[i];
    const bool gone = strings ? v.what == reply::kind::none : !v.failed() && v.items.empty();
    if (!gone) add(keys_[i].substr(std::min(what_.name.size(), keys_[i].size())), v);
  }
  keys_.clear();
}

void scan::add(const std::string& key, const reply& value) { rows_.push_back({key, value}); }

void scan::fail(const reply& why) const {
  error e = explain(at_, why.text);
  e.message += " (" + what_.shown() + ")";
  if (why.text.find("syntax error") != std::string::npos)
    e.message += "; reading keys by prefix takes a Redis of 6.0 or newer";
  throw exception(std::move(e));
}

std::unique_ptr<source_enumerator> make_row_finder(server at, server_options options, scanned what,
                                                   std::shared_ptr<std::atomic<bool>> began) {
  return std::make_unique<row_finder>(std::move(at), std::move(options), std::move(what),
                                      std::move(began));
}

}  // namespace weir::redis
