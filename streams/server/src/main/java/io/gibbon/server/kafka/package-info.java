/** The Kafka door: questions from one topic, answers as events to another. */
@NullMarked
package io.gibbon.server.kafka;

import org.jspecify.annotations.NullMarked;
