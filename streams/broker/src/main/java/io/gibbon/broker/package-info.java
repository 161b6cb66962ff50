/**
 * A Kafka broker inside this process; the only package that touches Kafka's internal server
 * classes.
 */
@NullMarked
package io.gibbon.broker;

import org.jspecify.annotations.NullMarked;
