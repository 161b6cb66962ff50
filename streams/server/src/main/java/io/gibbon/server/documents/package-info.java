/** Documents as the API shows them: written to Kafka, read from the topology's states. */
@NullMarked
package io.gibbon.server.documents;

import org.jspecify.annotations.NullMarked;
