namespace FastPush.Relay.Links;

/// <summary>The relay cannot be reached or used; the message tells an operator why.</summary>
internal sealed class RelayException(string message, Exception? inner = null) : Exception(message, inner);
