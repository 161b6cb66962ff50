/** Conversations as tokens: the model's chat template, cut where the contexts go. */
@NullMarked
package io.gibbon.runtime.chat;

import org.jspecify.annotations.NullMarked;
