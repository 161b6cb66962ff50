package io.gibbon.runtime.model;

import java.util.Optional;

/** An open model file: its description, weights and tokenizer. Immutable and thread-safe while open. */
public interface Model extends AutoCloseable {

  /** The name clients ask for. */
  String name();

  /** Shape and constants of the network. */
  ModelDescription description();

  /** The weight of that GGUF name, checked against the description's shapes, or empty if the file has none. */
  Optional<Tensor> tensor(String name);

  /** Unmaps the file: no weight may be read any more. */
  @Override
  void close();
}
