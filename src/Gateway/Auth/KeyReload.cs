namespace FastPush.Gateway.Auth;

/// <summary>What <see cref="KeySource.Reload"/> found.</summary>
internal enum KeyReload : byte
{
    /// <summary>Nothing new (or still the fault that was reported before).</summary>
    Unchanged,

    /// <summary>New keys are in force; tokens verified before are verified again.</summary>
    Reloaded,

    /// <summary>The file cannot be used; the old keys stay in force.</summary>
    Kept,
}
