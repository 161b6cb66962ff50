/**
 * The model runtime: opens a GGUF model, encodes documents into KV states and generates answers
 * that attend to any set of them with APE attention (Adaptive Parallel Encoding, arXiv 2502.05431).
 *
 * <p>A reader starts at {@link io.gibbon.runtime.ModelRuntime}. The runtime knows nothing of Kafka,
 * Avro or Vert.x.
 */
@NullMarked
package io.gibbon.runtime;

import org.jspecify.annotations.NullMarked;
