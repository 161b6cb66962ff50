/** The HTTP door: routes, validation against the OpenAPI description, OpenAI's message formats. */
@NullMarked
package io.gibbon.server.http;

import org.jspecify.annotations.NullMarked;
