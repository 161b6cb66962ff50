package io.gibbon.runtime.chunk;

import io.gibbon.runtime.tokenizer.Tokenizer.PieceConsumer;
import java.util.Arrays;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Receives a text's pieces and finds the chunks' borders as they go by. It looks two chunks ahead:
 * whenever it holds more, it cuts the first off as late as a strong border allows; at the end it
 * shares the rest out evenly, so that no crumb is left. Not thread-safe; one per text.
 *
 * <p>A chunk's tokens are not exactly the sum of its pieces' tokens, since cutting and decoration
 * change the pieces at its edges: each cut is checked by encoding the chunk, and made earlier if
 * need be.
 */
final class Cutter implements PieceConsumer {

  /** Longer pieces are offered to cuts inside them. */
  private static final int LONGEST_UNIT = 16;

  private final String text;
  private final int room;
  private final ToIntFunction<String> excess;

  /** Units not yet in a chunk: where each starts, and how many tokens all before it have. */
  private int[] positions = new int[64];

  private int[] tokensBefore = new int[64];
  private int units;
  private int tokens;
  private int end;

  private int[] starts = new int[16];
  private int[] ends = new int[16];
  private int chunks;

  /**
   * @param room tokens that a chunk's text may have
   * @param excess how many tokens a text has too many as a chunk; 0 if it fits
   */
  Cutter(String text, int room, ToIntFunction<String> excess) {
    this.text = text;
    this.room = room;
    this.excess = excess;
  }

  int[] starts() {
    return Arrays.copyOf(starts, chunks);
  }

  int[] ends() {
    return Arrays.copyOf(ends, chunks);
  }

  @Override
  public void accept(int from, int to, int[] piece, int count) {
    if (count <= Math.min(LONGEST_UNIT, room / 4)) {
      addUnit(from, count);
    } else {
      addInside(from, to, count);
    }
    end = to;
    while (tokens > 2 * room) {
      cut(room / 2, room, room);
    }
  }

  /** Makes chunks of what is left. */
  void finish() {
    while (units > 0) {
      if (units == 1 || tokens <= room && excess(end) == 0) {
        emit(units);
      } else {
        int most = Math.min(room, tokens * 3 / 4);
        int least = Math.max(tokens / 4, tokens - room);
        cut(least, tokens / 2, most);
      }
    }
  }

  private void addUnit(int from, int count) {
    if (units == positions.length) {
      positions = Arrays.copyOf(positions, units * 2);
      tokensBefore = Arrays.copyOf(tokensBefore, units * 2);
    }
    positions[units] = from;
    tokensBefore[units] = tokens;
    units++;
    tokens += count;
  }

  /**
   * Units of a long piece, with an even share of its tokens each. A character has at most four
   * tokens, so a unit of {@code room / 8} characters always fits a chunk.
   */
  private void addInside(int from, int to, int count) {
    int length = to - from;
    int step = Math.clamp((long) LONGEST_UNIT * length / count, 1, Math.max(1, room / 8));
    int at = from;
    while (at < to) {
      int next = Math.min(to, at + step);
      if (next < to && Character.isSurrogatePair(text.charAt(next - 1), text.charAt(next))) {
        next++;
      }
      addUnit(at, Math.ceilDiv((next - at) * count, length));
      at = next;
    }
  }

  /**
   * Cuts one chunk off the front.
   *
   * @param least tokens it should have
   * @param aim tokens it had best have
   * @param most tokens it may have
   */
  private void cut(int least, int aim, int most) {
    int limit = most;
    int unit = choose(least, aim, limit);
    int over = excess(positions[unit]);
    while (over > 0 && unit > 1) {
      limit = Math.min(limit, tokensBefore[unit]) - over;
      unit = choose(Math.min(least, limit / 2), Math.min(aim, limit), limit);
      over = excess(positions[unit]);
    }
    emit(unit);
  }

  /** How many tokens a chunk from the first unit to a position has too many. */
  private int excess(int to) {
    return excess.applyAsInt(text.substring(positions[0], to).strip());
  }

  /** The unit in front of which to cut; a shorter chunk is better than half a sentence. */
  private int choose(int least, int aim, int most) {
    int unit = strongest(least, aim, most);
    boolean torn = Border.before(text, positions[unit]).compareTo(Border.SENTENCE) < 0;
    return torn ? strongest(least / 2, aim, most) : unit;
  }

  /** The strongest border in a window, of several the one nearest to the aim. */
  private int strongest(int least, int aim, int most) {
    int best = 1;
    @Nullable Border bestBorder = null;
    for (int unit = 1; unit < units && tokensBefore[unit] <= most; unit++) {
      if (tokensBefore[unit] < least) {
        best = unit;
        continue;
      }
      Border border = Border.before(text, positions[unit]);
      int order = bestBorder == null ? 1 : border.compareTo(bestBorder);
      boolean nearer = Math.abs(tokensBefore[unit] - aim) <= Math.abs(tokensBefore[best] - aim);
      if (order > 0 || order == 0 && nearer) {
        best = unit;
        bestBorder = border;
      }
    }
    return best;
  }

  /** Makes the first units a chunk, unless they are white space only. */
  private void emit(int count) {
    int from = positions[0];
    int to = count == units ? end : positions[count];
    while (from < to && Character.isWhitespace(text.charAt(from))) {
      from++;
    }
    while (from < to && Character.isWhitespace(text.charAt(to - 1))) {
      to--;
    }
    if (from < to) {
      if (chunks == starts.length) {
        starts = Arrays.copyOf(starts, chunks * 2);
        ends = Arrays.copyOf(ends, chunks * 2);
      }
      starts[chunks] = from;
      ends[chunks] = to;
      chunks++;
    }
    drop(count);
  }

  private void drop(int count) {
    int dropped = count == units ? tokens : tokensBefore[count];
    System.arraycopy(positions, count, positions, 0, units - count);
    System.arraycopy(tokensBefore, count, tokensBefore, 0, units - count);
    units -= count;
    tokens -= dropped;
    for (int i = 0; i < units; i++) {
      tokensBefore[i] -= dropped;
    }
  }
}
