/** Configuration: one typed object out of file, environment and flags. */
@NullMarked
package io.gibbon.cli.config;

import org.jspecify.annotations.NullMarked;
