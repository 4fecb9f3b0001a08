namespace FastPush.Gateway.Cluster;

/// <summary>What a relay message is; its first byte. Unknown kinds are skipped, so that newer nodes can add some.</summary>
internal enum RelayKind : byte
{
    /// <summary>A message to a topic or a user; a RelayEnvelope follows.</summary>
    Message = 1,

    /// <summary>Something waits in a user's queue: user, queue.</summary>
    Waiting = 2,

    /// <summary>A server has a first subscriber of a topic: request number, topic. The receiver writes its history and answers.</summary>
    Joined = 3,

    /// <summary>The answer to <see cref="Joined"/>: request number.</summary>
    JoinSeen = 4,

    /// <summary>A server has no subscriber of a topic any more: topic.</summary>
    Left = 5,

    /// <summary>What became of a message that entered by the receiver: message id, user, state, Unix ms.</summary>
    Outcome = 6,

    /// <summary>What is known of a message that entered by the receiver? Request number, message id.</summary>
    OutcomeQuery = 7,

    /// <summary>The answer: request number, then for each recipient user, state, Unix ms.</summary>
    OutcomeAnswer = 8,
}
