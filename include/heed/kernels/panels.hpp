#pragma once

#include <heed/kernels/tile.hpp>
#include <heed/kernels/walk.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace heed { inline namespace v0_2 { namespace detail {

/// A packet of rows of which `left` exist; the others are zero.
template <class S>
Packet<S> load_rows(const S* from, Index left) {
  if (left >= packet_size<S>) return WholePacket<S>{}.load(from).packet;
  return left > 0 ? PartPacket<S>{left}.load(from).packet : constant(S(0));
}

/// Packets of units in a panel of a matrix with this number of gates.
template <int Gates>
inline constexpr int panel_unit_packets = Gates == 1 ? 3 : 1;

/// Groups of columns that a panel meets before the next panel comes.
inline constexpr Index max_column_groups = 8;

/// Columns in groups of nearly equal size.
struct ColumnGroups {
  Index columns, count;

  ColumnGroups(Index columns_, Index most) : columns(columns_), count((columns_ + most - 1) / most) {}
  /// The first column of group i, or, for i = count, the end.
  Index begin(Index i) const { return i * (columns / count) + std::min(i, columns % count); }
};

/// Some neighbouring columns of a packed matrix (packed_matrix.hpp), in whatever form its numbers are stored.
struct PanelColumns {
  const void* words;   ///< of the whole matrix
  Index rows;          ///< of one gate
  Index depth;         ///< columns of the whole matrix
  Index first, count;  ///< columns first ... first + count of it
};

/// What reads the panels of one form of storage and one number of gates. A product calls these through a pointer, once for
/// every few panels, so it is compiled once for all forms, and a program contains only those forms that it creates.
template <class S>
struct PanelKernels {
  int parts;        ///< panels that share their words
  int max_panels;   ///< panels that are summed together for a single column
  int max_columns;  ///< columns that are summed together
  Index held;       ///< how many groups of these wait until the sums of all strips of a panel are there

  /// The sums of the panels panel ... panel + n for a single column; panel `next` is fetched meanwhile.
  void (*sum_column)(const PanelColumns& w, const Right<S>& right, Index panel, Index n, Index next, Packet<S>* sums);
  /// The sums of one panel for the groups begin ... end of columns, of `groups` that there are.
  void (*sum_columns)(const PanelColumns& w, const Right<S>& right, const ColumnGroups& groups, Index panel, Index next,
                      Index begin, Index end, Packet<S>* sums);
  /// out += W' d, the rows of gate g in d beginning at at[g]. Throws `Error` if the form is for inference only.
  void (*backward)(const PanelColumns& w, const Eigen::Ref<const Matrix<S>>& d, const Index* at,
                   Eigen::Ref<Matrix<S>> out);
};

/// The layout of a packed matrix (packed_matrix.hpp) whose numbers are stored as T, and the sums of products with it.
///
/// A panel has a packet of rows from each gate, or a few packets of neighbouring rows if there is one gate only. Where
/// two numbers share a word, so do two panels. A panel whose sums find no room in the registers is cut into strips of
/// fewer packets; the columns of a strip follow one another.
template <class T, int Gates>
struct PanelLayout {
  using S = scalar_of<T>;
  using Word = typename Storage<T>::Word;

  static constexpr int parts = Storage<T>::per_word;
  static constexpr int unit_packets = panel_unit_packets<Gates>;  ///< packets of units in a panel
  static constexpr int packets = Gates * unit_packets;            ///< packets in a panel
  static constexpr Index units = unit_packets * packet_size<S>;   ///< units in a panel
  /// Packets of a panel that a tile of many columns takes: all, or as many as leave its sums in the registers.
  static constexpr int together = [] {
    int some = packets;
    while (some > 1 && (packets % some > 0 || !fits_registers(parts * some, sum_registers / (parts * some)))) --some;
    return some;
  }();
  static constexpr int max_columns = std::max(1, sum_registers / (parts * together));
  static constexpr int strip = parts == 1 ? together : packets, strips = packets / strip;  ///< packets in one; strips
  static constexpr Index height = strip * packet_size<S>;  ///< words in a column of a strip
  /// Read together for a single column: enough to add at full speed, but few, whose next words the machine foresees, and
  /// fewer where they have to be unfolded first.
  static constexpr int max_panels =
      std::max(1, std::min(parts == 1 ? 12 : 8, 384 / static_cast<int>(sizeof(Packet<S>))) / (parts * packets));
  static constexpr Index held = strips > 1 ? max_column_groups : 1;
  /// Packets of sums at a time.
  static constexpr int max_sums = parts * packets * std::max(max_panels, static_cast<int>(held) * max_columns);

  static Index panel_count(Index rows) { return (rows + parts * units - 1) / (parts * units); }
  static Index words_for(Index rows, Index depth) { return panel_count(rows / Gates) * strips * depth * height; }
  static const Word* words(const PanelColumns& w) { return static_cast<const Word*>(w.words); }

  /// Writes x, a matrix whose columns are solid, to `words`.
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

  /// The sums of the packets p ... of a panel and `cols` columns.
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

  /// What of the next panel to fetch while tile i of the packets p ... is summed: every tile fetches another part.
  static const Word* ahead(const PanelColumns& w, Index next, Index i, int p) {
    const auto part = static_cast<int>(std::min<Index>(i * (packets / together) + p / together, packets - 1));
    return strip_at(w, next, part) + part % strip * w.count * packet_size<S>;
  }
};

/// The product of a packed matrix, in any form, with some columns.
template <class S, int Gates>
struct PanelProduct {
  /// W times `right` (w.count x cols): calls use(io, k, j, sums) for units k ... of column j, with a packet of sums for
  /// every gate; `io` loads and stores as many numbers as there are units left.
  ///
  /// Walked backwards, the panels that were read last are read first: they are still in the cache. All panels pass some
  /// columns before the next ones come, so that both factors and the product stay in it.
  template <class Use>
  static void multiply(const PanelKernels<S>& kernels, const PanelColumns& w, const Right<S>& right, Index cols,
                       const Walk& walk, const Use& use) {
    const Index at_once = max_column_groups * kernels.max_columns;
    for (Index j = 0, some = 0; j < cols; j += some) {
      // A few columns more are not worth it to read all panels again.
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

  /// The columns first ... first + cols of the product.
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

  /// Calls visit(panel, n, next) for n panels from `panel` on, at most `most`, as far as they belong to the walk's share and
  /// in its order; panel `next` comes afterwards.
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

  /// Gives the sums of some panels and columns to `use`, a packet of units at a time.
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
