namespace FastPush.Relay.Dedup;

/// <summary>What is known of an idempotency key.</summary>
public enum DedupState
{
    /// <summary>Not used before; now it is claimed.</summary>
    New,

    /// <summary>
    /// Claimed by a publish that is not confirmed: it is on its way, or its server died. Publishing the same message again under the same
    /// id is safe where storing it twice does nothing.
    /// </summary>
    Pending,

    /// <summary>Its publish was confirmed.</summary>
    Done,
}

/// <summary>Answer to a claim.</summary>
/// <param name="MessageId">Id of the first publish under this key.</param>
/// <param name="State">How far that is.</param>
public readonly record struct DedupClaim(long MessageId, DedupState State);
