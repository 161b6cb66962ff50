package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import io.gibbon.runtime.tokenizer.Tokenizer.PieceConsumer;
import java.util.regex.Matcher;

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; GPT-2): a regular expression cuts the text,
 * and within a piece the pairs of bytes that the file lists are merged.
 */
final class ByteLevelScheme implements Scheme {

  private final Vocabulary vocabulary;
  private final Merges merges;
  private final PreTokenizer preTokenizer;

  ByteLevelScheme(Metadata metadata, Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.merges = new ListedMerges(metadata, vocabulary);
    this.preTokenizer = PreTokenizer.from(metadata);
  }

  @Override
  public void forEachPiece(CharSequence text, PieceConsumer consumer) {
    PieceEncoder encoder = new PieceEncoder(vocabulary, merges, preTokenizer.wholePieces());
    Matcher matcher = preTokenizer.pattern().matcher(text);
    int at = 0;
    while (at < text.length()) {
      int end = matcher.find() ? matcher.end() : text.length();
      while (at < end) {
        int cut = Scheme.cut(text, at, end);
        int count = encoder.encode(text, at, cut);
        consumer.accept(at, cut, encoder.tokens(), count);
        at = cut;
      }
    }
  }

  @Override
  public boolean addsBeginOfSequence() {
    return preTokenizer == PreTokenizer.LLAMA_BPE;
  }

  @Override
  public boolean addsSpace() {
    return false;
  }
}
