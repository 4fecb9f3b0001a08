namespace FastPush.Plan;

/// <summary>Input that cannot be used: an option, a result or a report. The message is for the caller's eyes; the exit code is 2.</summary>
internal sealed class InputException(string message, Exception? inner = null) : Exception(message, inner);
