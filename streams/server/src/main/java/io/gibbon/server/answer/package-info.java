/** From a valid request to an answer, whatever door it came through. */
@NullMarked
package io.gibbon.server.answer;

import org.jspecify.annotations.NullMarked;
