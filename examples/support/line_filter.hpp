#pragma once

#include "support/batches.hpp"
#include "support/error_policy.hpp"
#include "support/files.hpp"
#include "support/output.hpp"
#include "support/standard_input.hpp"

#include <heed/core/thread_pool.hpp>
#include <heed/text/line_reader.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace examples {

/// A line of standard input.
struct InputLine {
  std::size_t number = 0;  ///< from 1
  heed::Words words;
  std::string text;     ///< the line itself, if `LineFilter::keep_text`
  std::string problem;  ///< reason to skip the line; empty: it is not skipped
};

/// The answer to a line. Answers are written one at a time, in the order of their lines.
struct Answer {
  std::string out, err;        ///< for standard output and standard error
  std::filesystem::path path;  ///< a file to write; empty: none
  std::string text;            ///< content of that file
};

/// Answers standard input line by line, for `translate run` and similar programs.
///
/// While input keeps coming, it answers full batches. When input pauses, it answers the lines that have arrived.
/// Several threads answer batches at the same time; the output is the same for any number of threads. After SIGINT,
/// SIGTERM or SIGHUP it answers the lines that were read, then ends the program by that signal. Memory is bounded:
/// there are at most two unwritten batches per thread.
class LineFilter {
 public:
  std::string program;  ///< its name, for messages
  int threads = 1;
  std::size_t batch = 64;  ///< maximum lines per batch
  ErrorPolicy errors = {};
  bool keep_text = false;  ///< lines keep their text besides their words

  /// Splits a line into words; throws `heed::Error` if the line is invalid.
  std::function<heed::Words(const heed::LineReader&)> parse = nullptr;
  /// The size of a line, to limit the memory of a batch.
  std::function<SentenceSize(const InputLine& line)> size = [](const InputLine& line) {
    return SentenceSize{std::ssize(line.words), std::ssize(line.words), 0};
  };
  /// One answer for each line, from thread `thread` (0 ... threads - 1).
  std::function<std::vector<Answer>(const std::vector<InputLine>& lines, int thread)> answer = nullptr;
  /// The output for a skipped line.
  std::function<std::string(std::size_t number)> placeholder = [](std::size_t) { return std::string("\n"); };

  /// Called after the last answer; may be empty.
  std::function<void()> finish = nullptr;

  explicit LineFilter(const heed::ReadOptions& options = {}) : reader_(input_.stream(), "standard input", options) {}

  /// Answers all lines and returns the exit code. An error in a line is thrown after the answers to all lines before
  /// it, any other error at once.
  int run() {
    end_on_closed_output();
    heed::ThreadPool(threads).run([&](int thread) { work(thread); });
    if (failure_) std::rethrow_exception(failure_);
    if (end_of_input_) std::rethrow_exception(end_of_input_);
    if (finish) finish();
    const int code = errors.finish(program, skipped_, reader_.number());
    InterruptPipe::end_by_signal();
    return code;
  }

 private:
  struct Batch {
    std::size_t number = 0;  ///< from 0
    std::vector<InputLine> lines;
    std::vector<Answer> answers;
    std::exception_ptr failure;  ///< thrown after the answers are written
  };

  void work(int thread) {
    try {
      for (Batch next; read(next); next = {}) {
        respond(next, thread);
        deliver(std::move(next));
      }
    } catch (...) {
      stop(std::current_exception());
    }
  }

  /// Ends the work of all threads after an error that does not belong to a line, such as a lack of memory for the
  /// queue.
  void stop(std::exception_ptr failure) {
    {
      const std::lock_guard lock(output_mutex_);
      if (!failure_) failure_ = std::move(failure);
      stopped_ = true;
    }
    input_.stop();
    room_.notify_all();
  }

  /// Reads the lines of the next batch; false after the last. One thread at a time.
  bool read(Batch& next) {
    const std::lock_guard reading(input_mutex_);
    {
      std::unique_lock lock(output_mutex_);
      room_.wait(lock, [&] { return stopped_ || batches_ < written_ + 2 * static_cast<std::size_t>(threads); });
      if (stopped_) return false;
    }
    BatchLimit limit(batch);
    if (held_) {
      limit.add(size(*held_));
      next.lines.push_back(*std::exchange(held_, std::nullopt));
    }
    while (!ended_) {
      try {
        // Do not block in `read_line`: the process that writes the lines may wait for these answers first.
        if (!next.lines.empty() && !input_.line_ready()) break;
        if (!input_.wait_for_line() || !read_line()) ended_ = true;
      } catch (...) {
        end_of_input_ = std::current_exception();
        ended_ = true;
      }
      if (ended_) break;
      if (!limit.add(size(*held_))) break;
      next.lines.push_back(*std::exchange(held_, std::nullopt));
    }
    if (next.lines.empty()) return false;
    next.number = batches_++;
    return true;
  }

  /// Reads a line into `held_`; false at the end of the input.
  bool read_line() {
    InputLine line;
    try {
      if (!reader_.next() || input_.cut_off()) return false;
      line.words = parse(reader_);
      if (keep_text) line.text = reader_.text();
    } catch (const heed::Error& error) {
      if (!errors.skips() || input_.stream().bad()) throw;
      line.problem = error.what();
      reader_.skip_rest();
      if (input_.cut_off()) return false;
    }
    line.number = reader_.number();
    held_ = std::move(line);
    return true;
  }

  /// Answers a batch. If that fails, it answers line by line, so that only the failing line is lost.
  void respond(Batch& some, int thread) const {
    const auto is_valid = [](const InputLine& line) { return line.problem.empty(); };
    const bool all = std::all_of(some.lines.begin(), some.lines.end(), is_valid);
    std::vector<InputLine> selected;
    if (!all) std::copy_if(some.lines.begin(), some.lines.end(), std::back_inserter(selected), is_valid);
    const std::vector<InputLine>& valid = all ? some.lines : selected;
    std::vector<Answer> answers;
    const auto problem = attempt(valid, thread, answers);
    const bool alone = problem && valid.size() > 1;
    auto next = answers.begin();
    for (InputLine& line : some.lines) {
      std::vector<Answer> own;
      if (line.problem.empty() && problem) {
        const auto reason = alone ? attempt({line}, thread, own) : problem;
        if (reason) line.problem = "standard input:" + std::to_string(line.number) + ": " + *reason;
        if (reason && !errors.skips()) {
          some.failure = std::make_exception_ptr(heed::Error(line.problem));
          return;
        }
      }
      if (!line.problem.empty()) {
        some.answers.push_back({placeholder(line.number), "", "", ""});
      } else {
        some.answers.push_back(std::move(problem ? own.front() : *next++));
      }
    }
  }

  /// Answers some lines. Returns the error message, if any.
  std::optional<std::string> attempt(const std::vector<InputLine>& lines, int thread,
                                     std::vector<Answer>& answers) const {
    try {
      if (!lines.empty()) answers = answer(lines, thread);
      return std::nullopt;
    } catch (const heed::Error& error) {
      return error.what();
    } catch (const std::bad_alloc&) {
      return "there is not enough memory for this line";
    }
  }

  /// Writes a batch, and then the batches that waited for it, if all earlier batches are written. Otherwise it waits.
  void deliver(Batch&& some) {
    const std::lock_guard lock(output_mutex_);
    waiting_.emplace(some.number, std::move(some));
    for (auto next = waiting_.find(written_); next != waiting_.end() && !stopped_; next = waiting_.find(written_)) {
      write(next->second);
      if (next->second.failure) std::rethrow_exception(next->second.failure);
      waiting_.erase(next);
      ++written_;
    }
    room_.notify_all();
  }

  void write(const Batch& some) {
    for (std::size_t i = 0; i < some.answers.size(); ++i) {
      const Answer& each = some.answers[i];
      if (!some.lines[i].problem.empty()) {
        ++skipped_;
        ErrorPolicy::report(some.lines[i].problem);
      }
      std::cerr << each.err;
      std::cout << each.out;
      if (!each.path.empty()) write_text_file(each.path, each.text);
    }
    flush_output();
  }

  StandardInput input_;
  heed::LineReader reader_;
  std::mutex input_mutex_;  ///< protects the members that `read` uses
  std::optional<InputLine> held_;
  bool ended_ = false;
  std::exception_ptr end_of_input_;

  std::mutex output_mutex_;  ///< protects the members below and the output; locked after input_mutex_
  std::condition_variable room_;
  std::map<std::size_t, Batch> waiting_;   ///< answered before an earlier batch
  std::size_t batches_ = 0, written_ = 0;  ///< numbers of batches read and written
  std::size_t skipped_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace examples
