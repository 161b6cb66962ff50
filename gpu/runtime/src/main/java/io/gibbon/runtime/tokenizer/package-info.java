/** Text to tokens and back: byte-level BPE and SentencePiece from a GGUF file's own vocabulary. */
@NullMarked
package io.gibbon.runtime.tokenizer;

import org.jspecify.annotations.NullMarked;
