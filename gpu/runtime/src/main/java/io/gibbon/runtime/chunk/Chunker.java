package io.gibbon.runtime.chunk;

import io.gibbon.runtime.chat.ChatPrompt;
import io.gibbon.runtime.tokenizer.Tokenizer;

/**
 * Cuts documents into chunks that fit a context, at the strongest border within reach: before a
 * heading, between paragraphs, lines, sentences, words, and only in a word without end between
 * tokens. Every character that is not white space at a chunk's edge is in exactly one chunk; every
 * chunk carries the title. Takes time linear in the text. Immutable and thread-safe.
 */
public final class Chunker {

  /** Tokens that must be left for text beside title and decoration. */
  private static final int LEAST_ROOM = 16;

  /** A title takes at most this part of a context. */
  private static final int TITLE_PART = 4;

  /** No title has more characters for each of its tokens. */
  private static final int CHARACTERS_PER_TOKEN = 16;

  private final Tokenizer tokenizer;
  private final ChatPrompt prompt;
  private final int contextTokens;
  private final int decoration;

  /**
   * A chunker for contexts of a model.
   *
   * @param contextTokens the most tokens of a context, decoration included
   * @throws IllegalArgumentException if so few tokens leave no room for text
   */
  public Chunker(Tokenizer tokenizer, ChatPrompt prompt, int contextTokens) {
    this.tokenizer = tokenizer;
    this.prompt = prompt;
    this.contextTokens = contextTokens;
    this.decoration = prompt.context("", "").length;
    if (contextTokens < decoration + LEAST_ROOM) {
      throw new IllegalArgumentException(
          "contextTokens: is %d, with this prompt format it must be at least %d"
              .formatted(contextTokens, decoration + LEAST_ROOM));
    }
  }

  /**
   * Finds the chunks of a document.
   *
   * @param title shortened if it would take more than a quarter of a context
   * @param text any text; one of white space only has no chunks
   */
  public Chunks chunk(String title, String text) {
    String shown = shorten(title.strip());
    int room = contextTokens - prompt.context(shown, "").length;
    Cutter cutter = new Cutter(text, room, part -> excess(prompt.context(shown, part).length));
    tokenizer.forEachPiece(text, cutter);
    cutter.finish();
    return new Chunks(prompt, shown, text, cutter.starts(), cutter.ends());
  }

  /** Tokens of a chunk, given its own text and its document's title. */
  public int[] context(String title, String text) {
    return prompt.context(shorten(title.strip()), text);
  }

  private int excess(int tokens) {
    return Math.max(0, tokens - contextTokens);
  }

  private String shorten(String title) {
    int most = Math.min(contextTokens / TITLE_PART, contextTokens - decoration - LEAST_ROOM);
    String shortened = prefix(title, most * CHARACTERS_PER_TOKEN);
    int tokens = tokenizer.encode(shortened).length;
    while (tokens > most) {
      shortened = prefix(shortened, (int) ((long) shortened.length() * most / tokens));
      tokens = tokenizer.encode(shortened).length;
    }
    return shortened.strip();
  }

  private static String prefix(String text, int length) {
    if (text.length() <= length) {
      return text;
    }
    boolean splitsPair = length > 0 && Character.isHighSurrogate(text.charAt(length - 1));
    return text.substring(0, splitsPair ? length - 1 : length);
  }
}
