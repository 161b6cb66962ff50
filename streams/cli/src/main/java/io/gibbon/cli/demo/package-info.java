/** The demonstration: corpus, questions, checks. */
@NullMarked
package io.gibbon.cli.demo;

import org.jspecify.annotations.NullMarked;
