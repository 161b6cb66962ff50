package io.gibbon.runtime.chunk;

import io.gibbon.runtime.chat.ChatPrompt;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The chunks of one document: only the borders are kept, each chunk is tokenized when it is asked
 * for. Immutable and thread-safe; its iterators are not.
 */
public final class Chunks implements Iterable<Chunk> {

  private final ChatPrompt prompt;
  private final String title;
  private final String text;
  private final int[] starts;
  private final int[] ends;

  Chunks(ChatPrompt prompt, String title, String text, int[] starts, int[] ends) {
    this.prompt = prompt;
    this.title = title;
    this.text = text;
    this.starts = starts;
    this.ends = ends;
  }

  /** How many chunks the document has. */
  public int count() {
    return starts.length;
  }

  /** The chunk at a position, from 0. */
  public Chunk get(int index) {
    String part = text.substring(starts[index], ends[index]);
    return new Chunk(index, part, prompt.context(title, part));
  }

  @Override
  public Iterator<Chunk> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < count();
      }

      @Override
      public Chunk next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return get(next++);
      }
    };
  }
}
