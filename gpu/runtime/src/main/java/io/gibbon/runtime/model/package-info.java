/** GGUF files as models: description, weights, tokenizer source. */
@NullMarked
package io.gibbon.runtime.model;

import org.jspecify.annotations.NullMarked;
