/**
 * The server: an OpenAI-compatible HTTP API and the same requests over Kafka, answered over the KV
 * states that the topology keeps.
 *
 * <p>A host application deploys {@link io.gibbon.server.GibbonVerticle}. A request's way: {@code
 * http} or {@code kafka} reads and validates it, {@code answer} chooses contexts, attaches their KV
 * states and hands it to the runtime.
 */
@NullMarked
package io.gibbon.server;

import org.jspecify.annotations.NullMarked;
