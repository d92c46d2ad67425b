#pragma once

#include <heed/kernels/tile.hpp>
#include <heed/kernels/walk.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace heed { inline namespace v0_2 { namespace detail {

/// Loads a packet of rows, of which `left` exist; the others are zero.
template <class S>
Packet<S> load_rows(const S* from, Index left) {
  if (left >= packet_size<S>) return WholePacket<S>{}.load(from).packet;
  return left > 0 ? PartPacket<S>{left}.load(from).packet : constant(S(0));
}

/// Packets of units in a panel of a matrix with this number of gates.
template <int Gates>
inline constexpr int panel_unit_packets = Gates == 1 ? 3 : 1;

/// Column groups that are multiplied by a panel before the next panel is read.
inline constexpr Index max_column_groups = 8;

/// Divides columns into groups of nearly equal size, of at most `most` columns.
struct ColumnGroups {
  Index columns, count;

  ColumnGroups(Index columns_, Index most) : columns(columns_), count((columns_ + most - 1) / most) {}
  /// The first column of group i. For i = count, the number of columns.
  Index begin(Index i) const { return i * (columns / count) + std::min(i, columns % count); }
};

/// A range of columns of a packed matrix (packed_matrix.hpp), in any storage form.
struct PanelColumns {
  const void* words;   ///< packed elements of the whole matrix
  Index rows;          ///< rows of one gate
  Index depth;         ///< columns of the whole matrix
  Index first, count;  ///< columns first ... first + count - 1 of the matrix
};

/// The kernels for panels of one storage form and one number of gates. A product calls them through a pointer, once per
/// few panels. So the product is compiled once for all forms, and a program contains only the forms that it creates.
template <class S>
struct PanelKernels {
  int parts;        ///< panels that share their words: elements per word
  int max_panels;   ///< panels that are summed together for a single column
  int max_columns;  ///< columns that are summed together
  Index held;       ///< column groups whose sums are kept until all strips of a panel are summed

  /// Computes the sums of the panels panel ... panel + n - 1 for a single column. Panel `next` is read afterwards.
  void (*sum_column)(const PanelColumns& w, const Right<S>& right, Index panel, Index n, Index next, Packet<S>* sums);
  /// Computes the sums of one panel for the groups begin ... end - 1 of `groups`. Prefetches panel `next`.
  void (*sum_columns)(const PanelColumns& w, const Right<S>& right, const ColumnGroups& groups, Index panel, Index next,
                      Index begin, Index end, Packet<S>* sums);
  /// out += W' d, where the rows of gate g in d begin at at[g]. Throws heed::Error if the form is for inference only.
  void (*backward)(const PanelColumns& w, const Eigen::Ref<const Matrix<S>>& d, const Index* at,
                   Eigen::Ref<Matrix<S>> out);
};

/// The layout of a packed matrix (packed_matrix.hpp) whose elements are stored as T, and the sums of products with it.
///
/// A panel has one packet of rows from each gate, or a few packets of neighbouring rows if there is only one gate. If
/// two elements share a word, two panels share their words. A panel whose sums do not fit in the registers is divided
/// into strips of fewer packets; the columns of a strip are contiguous.
template <class T, int Gates>
struct PanelLayout {
  using S = scalar_of<T>;
  using Word = typename Storage<T>::Word;

  static constexpr int parts = Storage<T>::per_word;
  static constexpr int unit_packets = panel_unit_packets<Gates>;  ///< packets of units in a panel
  static constexpr int packets = Gates * unit_packets;            ///< packets in a panel
  static constexpr Index units = unit_packets * packet_size<S>;   ///< units in a panel
  /// Packets of a panel in a register tile of many columns: all packets, or the largest number whose sums stay in
  /// registers.
  static constexpr int together = [] {
    int some = packets;
    while (some > 1 && (packets % some > 0 || !fits_registers(parts * some, sum_registers / (parts * some)))) --some;
    return some;
  }();
  static constexpr int max_columns = std::max(1, sum_registers / (parts * together));
  /// Packets in a strip, and strips in a panel.
  static constexpr int strip = parts == 1 ? together : packets, strips = packets / strip;
  static constexpr Index height = strip * packet_size<S>;  ///< words in a column of a strip
  /// Panels that are read together for a single column: enough for full multiply-add throughput, but few enough for the
  /// hardware prefetcher. Fewer if the elements must be converted first.
  static constexpr int max_panels =
      std::max(1, std::min(parts == 1 ? 12 : 8, 384 / static_cast<int>(sizeof(Packet<S>))) / (parts * packets));
  static constexpr Index held = strips > 1 ? max_column_groups : 1;
  /// Packets of sums that a kernel writes in one call.
  static constexpr int max_sums = parts * packets * std::max(max_panels, static_cast<int>(held) * max_columns);

  static Index panel_count(Index rows) { return (rows + parts * units - 1) / (parts * units); }
  static Index words_for(Index rows, Index depth) { return panel_count(rows / Gates) * strips * depth * height; }
  static const Word* words(const PanelColumns& w) { return static_cast<const Word*>(w.words); }

  /// Packs x, a matrix with contiguous columns, to `words`.
  template <class X>
  static void pack(const X& x, Word* words) {
    const Index rows = x.rows() / Gates;
    for (Index panel = 0; panel < panel_count(rows); ++panel) {
      for (int first = 0; first < packets; first += strip) {
        for (Index k = 0; k < x.cols(); ++k) {
          const S* const column = x.col(k).data();
          for (int p = first; p < first + strip; ++p, words += packet_size<S>) {
            const Index gate = p / unit_packets, unit = panel * parts * units + p % unit_packets * packet_size<S>;
            S numbers[std::size_t{parts}][std::size_t{packet_size<S>}];
            for (int part = 0; part < parts; ++part) {
              const Index left = rows - unit - part * units;
              WholePacket<S>{}.store(numbers[part], load_rows(column + gate * rows + unit + part * units, left));
            }
            Storage<T>::fold(&numbers[0][0], words);
          }
        }
      }
    }
  }

  static void sum_column(const PanelColumns& w, const Right<S>& right, Index panel, Index n, Index next,
                         Packet<S>* sums) {
    with_constant<max_panels>(n, [&](auto group) {
      Tile<T, strip, group * strips, 1>::sum({strip_at(w, panel, 0), height, apart(w), strip_at(w, next, 0)}, w.count,
                                             right, sums);
    });
  }

  static void sum_columns(const PanelColumns& w, const Right<S>& right, const ColumnGroups& groups, Index panel,
                          Index next, Index begin, Index end, Packet<S>* sums) {
    for (int p = 0; p < packets; p += together) {
      for (Index i = begin; i < end; ++i) {
        const Index j = groups.begin(i);
        const Right<S> from{right.data + j * right.across, right.down, right.across};
        add_tile(w, panel, p, from, groups.begin(i + 1) - j, ahead(w, next, i, p),
                 sums + (j - groups.begin(begin)) * parts * packets);
      }
    }
  }

 private:
  static Index apart(const PanelColumns& w) { return w.depth * height; }  ///< words from strip to strip
  static const Word* strip_at(const PanelColumns& w, Index panel, int p) {
    return words(w) + (panel * strips + p / strip) * apart(w) + w.first * height;
  }

  /// Computes the sums of the packets of a panel from packet p on for `cols` columns.
  static void add_tile(const PanelColumns& w, Index panel, int p, const Right<S>& right, Index cols, const Word* ahead,
                       Packet<S>* sums) {
    with_constant<max_columns>(cols, [&](auto width) {
      if constexpr (fits_registers(parts * packets, width)) {  // all packets at once
        if (p == 0)
          Tile<T, strip, strips, width>::sum({strip_at(w, panel, 0), height, apart(w), ahead}, w.count, right, sums);
      } else {
        const Word* const from = strip_at(w, panel, p) + p % strip * packet_size<S>;
        Tile<T, together, 1, width>::sum({from, height, apart(w), ahead}, w.count, right, sums + p, packets);
      }
    });
  }

  /// The part of the next panel to prefetch while the packets from packet p on are summed for column group i. Every
  /// tile prefetches another part.
  static const Word* ahead(const PanelColumns& w, Index next, Index i, int p) {
    const auto part = static_cast<int>(std::min<Index>(i * (packets / together) + p / together, packets - 1));
    return strip_at(w, next, part) + part % strip * w.count * packet_size<S>;
  }
};

/// The product of a packed matrix in any storage form with a matrix of columns.
template <class S, int Gates>
struct PanelProduct {
  /// W times `right` (w.count x cols). Calls use(io, k, j, sums) for units k ... of column j, with a packet of sums for
  /// every gate. `io` loads and stores a packet, or only the units that remain.
  ///
  /// A backward walk starts with the panels that the previous forward walk read last, which are still in the cache. All
  /// panels are multiplied by a block of columns before the next block starts, so both factors and the product stay in
  /// the cache.
  template <class Use>
  static void multiply(const PanelKernels<S>& kernels, const PanelColumns& w, const Right<S>& right, Index cols,
                       const Walk& walk, const Use& use) {
    const Index at_once = max_column_groups * kernels.max_columns;
    for (Index j = 0, some = 0; j < cols; j += some) {
      // A short remainder joins the last block, because another block would read all panels again.
      some = cols - j < at_once + at_once / 2 ? cols - j : at_once;
      const Right<S> from{right.data + j * right.across, right.down, right.across};
      multiply_some(kernels, w, from, j, some, walk, use);
    }
  }

 private:
  static constexpr int unit_packets = panel_unit_packets<Gates>;
  static constexpr Index units = unit_packets * packet_size<S>;
  static constexpr int max_sums = [] {
    if constexpr (std::is_same_v<S, float>) {
      return std::max(PanelLayout<float, Gates>::max_sums, PanelLayout<Eigen::bfloat16, Gates>::max_sums);
    } else {
      return PanelLayout<S, Gates>::max_sums;
    }
  }();

  /// Computes the columns first ... first + cols - 1 of the product.
  template <class Use>
  static void multiply_some(const PanelKernels<S>& kernels, const PanelColumns& w, const Right<S>& right, Index first,
                            Index cols, const Walk& walk, const Use& use) {
    Packet<S> sums[std::size_t{max_sums}];
    const Index parts = kernels.parts, panels = (w.rows + parts * units - 1) / (parts * units);
    const ColumnGroups groups(cols, kernels.max_columns);
    for_each_group(walk, panels, cols == 1 ? kernels.max_panels : 1, [&](Index panel, Index n, Index next) {
      for (Index t = 0; t < groups.count; t += kernels.held) {
        const Index end = std::min(t + kernels.held, groups.count), begin = groups.begin(t);
        if (cols == 1) {
          kernels.sum_column(w, right, panel, n, next, sums);
        } else {
          kernels.sum_columns(w, right, groups, panel, next, t, end, sums);
        }
        hand_out(w.rows, panel * parts, n * parts, first + begin, groups.begin(end) - begin, sums, use);
      }
    });
  }

  /// Calls visit(panel, n, next) for groups of at most `most` panels of the walk's share, in the order of the walk. A
  /// group has n panels from `panel` on. Panel `next` is read afterwards.
  template <class Visit>
  static void for_each_group(const Walk& walk, Index panels, Index most, const Visit& visit) {
    const Index bottom = panels * walk.share.index / walk.share.count;
    const Index all = panels * (walk.share.index + 1) / walk.share.count - bottom;
    for (Index done = 0; done < all;) {
      const Index n = std::min(most, all - done), panel = bottom + (walk.backwards ? all - done - n : done);
      done += n;
      visit(panel, n, done == all ? panel : walk.backwards ? panel - 1 : panel + n);
    }
  }

  /// Passes the sums of some panels and columns to `use`, one packet of units at a time.
  template <class Use>
  static void hand_out(Index rows, Index panel, Index count, Index j, Index cols, const Packet<S>* sums,
                       const Use& use) {
    for (Index c = 0; c < cols; ++c) {
      for (Index u = 0; u < count * unit_packets; ++u, sums += Gates) {
        const Index k = panel * units + u * packet_size<S>, left = rows - k;
        if (left >= packet_size<S>) {
          use(WholePacket<S>{}, k, j + c, GateSums<S>{sums});
        } else if (left > 0) {
          use(PartPacket<S>{left}, k, j + c, GateSums<S>{sums});
        }
      }
    }
  }
};

}}}  // namespace heed::v0_2::detail
