using FastPush.Load;

return await Commands.RunAsync(args);
