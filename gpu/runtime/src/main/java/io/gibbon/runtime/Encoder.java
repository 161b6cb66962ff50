package io.gibbon.runtime;

/** Encodes documents into KV states. Implementations are thread-safe. */
public interface Encoder {

  /** The model, prefix and KV format that every encoded state belongs to. */
  Profile profile();

  /**
   * Accepts a document for encoding and returns at once: tokenizing, chunking and encoding happen
   * on the runtime's own threads, contexts of all accepted documents sharing its batches so that
   * short documents overtake long ones.
   *
   * @throws ClosedException if the runtime is closed
   */
  EncodeJob encode(DocumentText document);
}
