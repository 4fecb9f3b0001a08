using FastPush.Plan;

return CommandLine.Run(args, Console.Out, Console.Error);
