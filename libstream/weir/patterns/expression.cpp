// SPDX-License-Identifier: BSD-3-Clause
#include "weir/patterns/expression.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <utility>

namespace weir::patterns {

namespace {

constexpr int deepest = 64;

/// A parser by recursive descent; the first mistake ends it.
class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  result<expression> run() {
    expression e = disjunction();
    skip_space();
    if (!failed() && at_ != text_.size()) fail("an operator or the end");
    if (failed()) return error{errc::invalid_argument, mistake_};
    return e;
  }

private:
  using rule = expression (parser::*)();

  [[nodiscard]] bool failed() const { return !mistake_.empty(); }
  void fail(const std::string& expected) {
    if (failed()) return;
    mistake_ =
        "at " + std::to_string(at_ + 1) + " of '" + std::string{text_} + "': expected " + expected;
    at_ = text_.size();
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }
  /// Takes a word or sign if it comes next.
  bool accept(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    const std::size_t end = at_ + token.size();
    if (is_word(token.back()) && end < text_.size() && is_word(text_[end])) return false;
    at_ = end;
    return true;
  }

  /// Pairs of what is written and what it means.
  using operators = std::span<const std::pair<std::string_view, std::string_view>>;

  expression chain(operators known, rule operand) {
    expression left = (this->*operand)();
    while (!failed()) {
      skip_space();
      const std::size_t here = at_;
      std::string_view found;
      for (const auto& [written, means] : known)
        if (found.empty() && accept(written)) found = means;
      if (found.empty()) break;
      expression e;
      e.what = expression::kind::binary;
      e.word = found;
      e.at = here + 1;
      e.parts.push_back(std::move(left));
      e.parts.push_back((this->*operand)());
      left = std::move(e);
    }
    return left;
  }

  expression disjunction() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> known{
        {{"or", "or"}, {"||", "or"}}};
    return chain(known, &parser::conjunction);
  }
  expression conjunction() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> known{
        {{"and", "and"}, {"&&", "and"}}};
    return chain(known, &parser::negation);
  }
  expression negation() {
    skip_space();
    const std::size_t here = at_;
    const bool sign = at_ + 1 < text_.size() && text_[at_] == '!' && text_[at_ + 1] != '=';
    if (!sign && !accept("not")) return comparison();
    if (sign) ++at_;
    return unary("not", here, &parser::negation);
  }
  expression comparison() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known{
        {{"==", "=="}, {"!=", "!="}, {"<=", "<="}, {">=", ">="}, {"<", "<"}, {">", ">"}}};
    return chain(known, &parser::sum);
  }
  expression sum() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> known{
        {{"+", "+"}, {"-", "-"}}};
    return chain(known, &parser::product);
  }
  expression product() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> known{
        {{"*", "*"}, {"/", "/"}, {"%", "%"}}};
    return chain(known, &parser::sign);
  }
  expression sign() {
    skip_space();
    const std::size_t here = at_;
    if (accept("-")) return unary("-", here, &parser::sign);
    return primary();
  }

  expression unary(const char* word, std::size_t here, rule operand) {
    expression e;
    e.what = expression::kind::unary;
    e.word = word;
    e.at = here + 1;
    if (++depth_ > deepest) fail("less nesting");
    if (!failed()) e.parts.push_back((this->*operand)());
    --depth_;
    return e;
  }

  expression primary() {
    skip_space();
    expression e;
    e.at = at_ + 1;
    const char next = at_ == text_.size() ? '\0' : text_[at_];
    if (accept("("))
      e = in_parentheses();
    else if (next == '\'' || next == '"')
      quoted(e);
    else if (std::isdigit(static_cast<unsigned char>(next)) != 0)
      number(e);
    else if (is_word(next))
      name_or_call(e);
    else
      fail("a value");
    return e;
  }

  expression in_parentheses() {
    if (++depth_ > deepest) fail("less nesting");
    expression e = failed() ? expression{} : disjunction();
    --depth_;
    if (!accept(")")) fail("')'");
    return e;
  }

  void quoted(expression& e) {
    const char quote = text_[at_++];
    e.what = expression::kind::text;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      e.word += text_[at_++];
    }
    if (at_ == text_.size()) return fail(std::string{"a closing "} + quote);
    ++at_;
  }

  void number(expression& e) {
    e.what = expression::kind::number;
    const char* end = text_.data() + text_.size();
    const auto [stop, why] = std::from_chars(text_.data() + at_, end, e.number);
    if (why != std::errc{}) return fail("a number");
    at_ = static_cast<std::size_t>(stop - text_.data());
  }

  std::string word() {
    std::string w;
    while (at_ < text_.size() && is_word(text_[at_])) w += text_[at_++];
    if (w.empty()) fail("a name");
    return w;
  }

  void name_or_call(expression& e) {
    e.path.push_back(word());
    if (e.path[0] == "true" || e.path[0] == "false") {
      e.what = expression::kind::boolean;
      e.truth = e.path[0] == "true";
      return;
    }
    e.what = expression::kind::name;
    while (at_ < text_.size() && text_[at_] == '.' && !failed()) {
      ++at_;
      e.path.push_back(word());
    }
    if (e.path.size() != 1 || !accept("(")) return;
    e.what = expression::kind::call;
    e.word = e.path[0];
    if (++depth_ > deepest) fail("less nesting");
    if (!accept(")")) {
      do e.parts.push_back(disjunction());
      while (!failed() && accept(","));
      if (!accept(")")) fail("')'");
    }
    --depth_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string mistake_;
};

}  // namespace

result<expression> parse_expression(std::string_view text) { return parser{text}.run(); }

std::string to_text(const expression& e) {
  std::string text = std::to_string(static_cast<int>(e.what)) + ':';
  if (e.what == expression::kind::number) {
    std::array<char, 32> digits{};
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + 32, e.number).ptr);
  } else if (e.what == expression::kind::boolean) {
    text += e.truth ? "true" : "false";
  } else if (e.what != expression::kind::name) {
    text += std::to_string(e.word.size()) + ' ' + e.word;
  }
  for (const std::string& part : e.path) text += '.' + part;
  for (const expression& part : e.parts) text += '(' + to_text(part) + ')';
  return text;
}

}  // namespace weir::patterns
